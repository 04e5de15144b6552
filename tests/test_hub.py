"""What is found in the cache of the hub, and that nothing outside of it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench import hub


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "hub" / "models--owner--name"
    (folder / "refs").mkdir(parents=True)
    (folder / "snapshots" / "abc1234").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc1234")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("abc1234")
    return folder


def test_a_snapshot_is_found_by_its_branch_or_commit(place: Path) -> None:
    for revision in ("main", "abc1234"):
        assert list(hub.snapshots("owner/name", revision=revision)) == [place / "snapshots" / "abc1234"]
    assert list(hub.snapshots("owner/name", revision="0000000")) == []


@pytest.mark.parametrize("revision", ["../../../outside/file", "/outside", "a/../b", "..", "", "a\0b"])
def test_a_revision_that_leads_out_of_the_cache_has_no_snapshot(place: Path, revision: str) -> None:
    assert list(hub.snapshots("owner/name", revision=revision)) == []


def test_a_reference_that_leads_out_of_the_cache_is_not_followed(place: Path) -> None:
    (place / "refs" / "main").write_text("../../../outside")
    assert list(hub.snapshots("owner/name")) == [place / "snapshots" / "abc1234"], "any snapshot"
