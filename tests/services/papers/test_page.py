"""The page of papers' tables, and the plot that stands with each."""

from __future__ import annotations

import json
import re

import pytest

from ftbench.errors import FtbenchError
from ftbench.render.plots import theme
from ftbench.services.papers import page as pages
from tests.services.papers.suited import Suited, around, table


@pytest.fixture
def rows() -> Suited:
    rows = Suited()
    rows.add("vanilla", "cola", around(64.1, 0.2))
    rows.add("vanilla", "rte", around(71.5, 2.0))
    rows.add("dps_dense", "cola", [60.0], "published")
    return rows


def test_the_page_has_our_numbers_over_the_printed_ones(rows: Suited) -> None:
    text = re.sub(r"<[^>]+>", " ", pages.page([table("dps/table1", rows), table("dps/table6", rows)]))
    words = " ".join(text.split())
    assert "64.10 ± 0.21" in words and "[64.11 ± 1.33] = n=10" in words
    assert "Time of training (DPS, Table 6)" in words and "1.30" in words


def test_a_plot_shows_the_cells_with_both_means_and_times_have_none(rows: Suited) -> None:
    tables = [table("dps/table6", rows), table("dps/table1", rows), table("bidrop/table4", Suited())]
    found, script = pages._figures(tables)
    assert [len(section) for section in found] == [0, 1] + [0] * len(tables[2].sections)
    (figure,) = found[1]
    assert figure.name == "Reproduction" and script
    drawn = json.dumps(figure.plot.chart, ensure_ascii=False)
    names = set(re.findall(r"[\w -]+ · (?:CoLA|RTE|MRPC|STS-B)", drawn))
    assert {name.strip() for name in names} == {
        "vanilla fine-tuning · CoLA",
        "vanilla fine-tuning · RTE",
        "DPS Dense · CoLA",
    }


def test_without_the_packages_for_plots_the_page_has_its_tables_alone(
    rows: Suited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise FtbenchError("plots need a package")

    assert "Reproduction" in pages.page([table("dps/table1", rows)])
    monkeypatch.setattr(theme, "load_plotting", missing)
    found = pages.page([table("dps/table1", rows)])
    assert "64.11" in found and "Reproduction" not in found


def test_no_library_is_carried_where_nothing_is_drawn() -> None:
    assert pages._figures([table("dps/table1", Suited())]) == ([[]], "")
