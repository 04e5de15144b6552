"""The pages of tables and their files."""

from __future__ import annotations

import json
from pathlib import Path

from ftbench.services.publishing.tables import ABOUT
from tests.services.publishing.conftest import text_of


def test_each_table_that_there_is_has_a_page_and_its_files(site: Path) -> None:
    for name in ("main", "robustness"):
        assert ABOUT[name][0] in text_of(site, "tables.html")
        assert f'href="{name}.html"' in text_of(site, "tables.html")
        for suffix in ("csv", "json", "md", "tex"):
            assert (site / "data" / f"{name}.{suffix}").stat().st_size > 100
    assert json.loads(text_of(site, "data/main.json"))["table"] == "main"


def test_tables_that_nothing_fills_are_named_with_the_command(site: Path) -> None:
    text = text_of(site, "tables.html")
    assert "Retention: no job here was measured" in text and not (site / "retention.html").exists()


def test_a_number_leads_to_the_page_of_its_job(site: Path) -> None:
    assert '"pages":["jobs/bert-base-' in text_of(site, "main.html")


def test_commands_name_the_database_that_is_downloaded(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert "--db" not in path.read_text(encoding="utf-8").replace("--db ftbench.db", ""), path
