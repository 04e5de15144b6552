"""The folder as a whole: where its links lead, what it does not tell, and how it comes into its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ftbench.db import create_database, open_database
from ftbench.domain.axes import MethodChoice
from ftbench.errors import BadValue, DatabaseError, FtbenchError, UnknownName
from ftbench.services.publishing import publish as service
from ftbench.services.publishing.publish import PublishRequest, publish
from tests.services.publishing.example import HOME, ODD, TOKEN
from tests.services.publishing.links import broken, pages


def test_every_link_leads_to_a_file_of_the_folder(site: Path) -> None:
    assert list(broken(site)) == []
    assert len(pages(site)) > 10


def test_no_page_names_another_machine(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix in (".html", ".css") or (path.suffix == ".js" and path.name != "vega.js"):
            text = path.read_text(encoding="utf-8").replace("https://vega.github.io/schema/", "")  # a name
            assert not re.search(r"https?://", text), path


def test_names_are_text_on_every_page(site: Path) -> None:
    for path, page in pages(site).items():
        assert ODD not in path.read_text(encoding="utf-8"), path
        assert page.tags.count("body") == 1
    assert "&lt;script&gt;owned=1" in (site / "index.html").read_text(encoding="utf-8")


def test_tokens_folders_and_machines_are_told_nowhere(site: Path) -> None:
    for path in site.rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("utf-8", "replace")
            for secret in (TOKEN, HOME, "jdoe", "node17", str(site.parent)):
                assert secret not in content, (path, secret)


def test_the_copy_is_whole_and_has_the_scores_and_claims(site: Path, original: Path) -> None:
    with open_database(str(site / "ftbench.db"), write=False) as copy, open_database(str(original)) as there:
        assert copy.health.troubles() == []
        assert sorted(copy.results.values()) == sorted(there.results.values())
        (claim,) = copy.claims.list()
        assert claim.counts
        assert {job.digest for job in copy.jobs.list()} == {job.digest for job in there.jobs.list()}


def test_the_original_is_not_changed(tmp_path: Path) -> None:
    database = tmp_path / "ftbench.db"
    create_database(str(database)).close()
    before = database.read_bytes()
    publish(str(database), PublishRequest(tmp_path / "site"))
    assert database.read_bytes() == before


def test_an_empty_database_makes_a_folder_whose_links_lead_somewhere(tmp_path: Path) -> None:
    create_database(str(tmp_path / "ftbench.db")).close()
    done = publish(str(tmp_path / "ftbench.db"), PublishRequest(tmp_path / "site"))
    assert done.jobs == 0 and list(broken(tmp_path / "site")) == []
    assert "nothing is queued yet" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_the_list_of_files_is_that_of_the_folder(site: Path) -> None:
    listed = json.loads((site / "ftbench-published.json").read_text())["files"]
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert set(listed) == there - {"ftbench-published.json"}


def test_a_database_inside_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    create_database(str(tmp_path / "site" / "ftbench.db")).close()
    with pytest.raises(FtbenchError, match="name another folder"):
        publish(str(tmp_path / "site" / "ftbench.db"), PublishRequest(tmp_path / "site"))
    with pytest.raises(FtbenchError, match="lies in"):
        service._check_apart(str(tmp_path / "site" / "ftbench.db"), tmp_path / "site")


def test_without_a_database_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database"):
        publish(str(tmp_path / "none.db"), PublishRequest(tmp_path / "site"))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_baseline_is_refused_and_nothing_is_left(original: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="vanila"):
        publish(str(original), PublishRequest(tmp_path / "site", baseline=MethodChoice("vanila", {})))
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_is_refused(original: Path, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    with pytest.raises(BadValue, match="is a file"):
        publish(str(original), PublishRequest(tmp_path / "site"))
