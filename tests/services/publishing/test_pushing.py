"""To the hub, which is a stand-in on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftbench.domain.hub_target import HubTarget
from ftbench.errors import FtbenchError
from ftbench.services.publishing.folder import MARKER, listed_in
from ftbench.services.publishing.pushing import check_target, push
from tests.hub_stand_in import TOKEN, Hub, served

SITE, DATA = HubTarget("owner/name", "space"), HubTarget("owner/name")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    from huggingface_hub import constants

    with served() as found:
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        for name, value in (
            ("ENDPOINT", found.address),
            ("HF_HUB_OFFLINE", False),
            ("HF_HUB_DISABLE_XET", True),
        ):
            monkeypatch.setattr(constants, name, value)
        yield found


def test_a_folder_is_pushed_in_one_commit_and_replaced_in_one(hub: Hub, site: Path) -> None:
    files = hub.repositories["datasets/owner/name"] = {".gitattributes": b"x"}
    push(DATA, site, check_target(DATA))
    there = {name: (site / name).read_bytes() for name in (*listed_in(site), MARKER)}
    assert files == {**there, ".gitattributes": b"x"} and hub.commits == 1
    files["old.html"] = b"of an earlier push"
    push(DATA, site, check_target(DATA))
    assert "old.html" not in files and hub.commits == 2


def test_a_new_space_with_the_hubs_own_files_is_taken(hub: Hub, site: Path) -> None:
    files = hub.repositories["spaces/owner/name"] = dict.fromkeys(
        (".gitattributes", "index.html", "style.css"), b""
    )
    push(SITE, site, check_target(SITE))
    assert "style.css" not in files and files["index.html"] == (site / "index.html").read_bytes()


def test_a_repository_with_other_things_is_refused(hub: Hub) -> None:
    hub.repositories["datasets/owner/name"] = {"train.parquet": b"mine"}
    with pytest.raises(FtbenchError, match="hf://datasets/owner/name holds train.parquet"):
        check_target(DATA)


def test_a_repository_that_is_not_there_is_told_with_the_command_that_makes_it(hub: Hub) -> None:
    with pytest.raises(FtbenchError, match="hf repos create owner/name --type space --space-sdk static"):
        check_target(SITE)


def test_without_a_token_nothing_is_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(FtbenchError, match="no token on this machine: set HF_TOKEN"):
        check_target(DATA)
    assert hub.tokens == set()


def test_a_token_that_may_not_write_is_told_in_a_line(hub: Hub, site: Path) -> None:
    hub.repositories["datasets/owner/name"] = {}
    hub.readers.add(TOKEN)
    with pytest.raises(FtbenchError, match="does not let this token write to owner/name") as error:
        push(DATA, site, check_target(DATA))
    assert TOKEN not in str(error.value) and "\n" not in str(error.value)


def test_without_a_network_it_is_told_in_a_line(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FtbenchError, match="the hub cannot be reached"):
        check_target(DATA)


def test_offline_is_told_in_a_line(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FtbenchError, match="HF_HUB_OFFLINE is set"):
        check_target(DATA)


def test_no_token_is_in_what_is_pushed(hub: Hub, site: Path) -> None:
    files = hub.repositories["datasets/owner/name"] = {}
    push(DATA, site, check_target(DATA))
    assert hub.tokens == {TOKEN} and not any(TOKEN.encode() in content for content in files.values())
