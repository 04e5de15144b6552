"""The page for those who review."""

from __future__ import annotations

from pathlib import Path

from tests.services.publishing.conftest import text_of


def test_it_says_what_was_declared_and_when(site: Path) -> None:
    text = text_of(site, "review.html")
    assert "bidrop &gt; vanilla" in text and "Declared claims" in text


def test_it_says_that_nothing_was_tuned(site: Path) -> None:
    assert "No study is declared" in text_of(site, "review.html")


def test_it_counts_runs_that_diverged(site: Path) -> None:
    text = text_of(site, "review.html")
    assert "What collapsed or diverged" in text and "R-Drop" in text


def test_it_names_missing_cells_and_errors_and_leads_to_their_jobs(site: Path) -> None:
    text = text_of(site, "review.html")
    assert "What is missing in the tables" in text and "1 not queued" in text
    assert "cannot read ./x.tsv" in text and "jobs/bert-base-rte-rdrop.html#job-" in text


def test_it_says_what_a_check_finds(site: Path) -> None:
    assert "The database is whole" in text_of(site, "review.html")
