"""The first page."""

from __future__ import annotations

from pathlib import Path

from tests.services.publishing.conftest import text_of


def test_it_says_what_was_compared_and_what_it_comes_to(site: Path) -> None:
    text = text_of(site, "index.html")
    assert (
        "Bi-Drop" in text
        and "MRPC" in text
        and "bert-base" in text
        and "noise 10 %" in text
        or "noise 0.1" in text
    )
    assert "differences are shown after correction" in text and "Bi-Drop − Vanilla" in text


def test_it_leads_to_every_part_and_to_the_database(site: Path) -> None:
    text = text_of(site, "index.html")
    for name in ("main.html", "comparisons.html", "jobs.html", "review.html", "reproduce.html", "ftbench.db"):
        assert f'href="{name}"' in text
