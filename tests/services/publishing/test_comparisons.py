"""The page of comparisons."""

from __future__ import annotations

import json
from pathlib import Path

from tests.services.publishing.conftest import text_of


def test_each_method_is_compared_with_the_baseline_under_each_condition(site: Path) -> None:
    sheets = json.loads(text_of(site, "data/comparisons.json"))["sheets"]
    pairs = {row["comparison"] for sheet in sheets if sheet["name"] == "tasks" for row in sheet["rows"]}
    assert "bidrop − vanilla" in pairs and all(pair.endswith("− vanilla") for pair in pairs)
    titles = [sheet["title"] for sheet in sheets if sheet["name"] == "tasks"]
    assert len(titles) == 2 and any("noise 10 %" in title for title in titles)


def test_the_page_says_what_they_come_to(site: Path) -> None:
    text = text_of(site, "comparisons.html")
    assert "Bi-Drop is" in text and "points better than" in text and "In words" in text
    assert 'href="data/comparisons.csv"' in text
