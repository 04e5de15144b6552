"""What surrounds the pages."""

from __future__ import annotations

from pathlib import Path

from ftbench.services.publishing.folder import NewFolder
from ftbench.services.publishing.site import PARTS, PublishedSite

TOKEN = "hf_abcdefghijklmnopqrst"


def made(tmp_path: Path) -> PublishedSite:
    return PublishedSite(NewFolder(tmp_path), "Ours", "2026-12-01T00:00:00Z")


def test_pages_of_a_folder_below_lead_up_and_say_where_they_belong(tmp_path: Path) -> None:
    frame = made(tmp_path).frame("One", "jobs/one.html", "jobs.html")
    assert [link.href for link in frame.links] == [f"../{name}" for name in PARTS]
    assert [link.text for link in frame.links if link.here] == ["Jobs"] and frame.assets == "../assets/"
    assert "Ours" in frame.foot[0] and "2026-12-01" in frame.foot[0]


def test_the_parts_themselves_are_where_one_is(tmp_path: Path) -> None:
    frame = made(tmp_path).frame("Tables", "tables.html")
    assert [link.text for link in frame.links if link.here] == ["Tables"] and frame.assets == "assets/"


def test_what_looks_like_a_secret_is_masked(tmp_path: Path) -> None:
    site = made(tmp_path)
    site.put("x.csv", f"a,{TOKEN}\n")
    assert TOKEN not in (tmp_path / "x.csv").read_text() and "x.csv" in site.folder.files
