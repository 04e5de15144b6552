"""Pairs of published and measured scores, from a paper's table."""

from __future__ import annotations

import pytest
from scipy import stats

from ftbench.render.suite_table import SuiteCell, SuiteGroup, SuiteHead, SuiteReport, SuiteRow, SuiteSection
from ftbench.render.table import Cell
from ftbench.services.papers import reproduction
from ftbench.services.papers.report import AVG, DELTA
from tests.services.papers.suited import Suited, around, cell, table


def test_every_cell_with_both_numbers_is_a_pair_with_our_interval():
    rows = Suited("adamw_torch")
    rows.add("vanilla", "rte", around(70.0, 0.5))
    rows.add("bidrop", "rte", [74.0])
    found = table("bidrop/table2", rows)
    pairs = list(reproduction.pairs(found, named=False))
    assert [pair["name"] for pair in pairs] == ["Vanilla · RTE", "Bi-Drop · RTE"]
    vanilla, bidrop = pairs
    printed = cell(found, "Vanilla", "RTE")
    assert (vanilla["published"], vanilla["measured"]) == (printed.printed["mean"], pytest.approx(70.0))
    assert vanilla["label"] == printed.verdict != ""
    ends = stats.ttest_1samp(around(70.0, 0.5), 0.0).confidence_interval(0.95)
    assert (vanilla["low"], vanilla["high"]) == (pytest.approx(ends[0]), pytest.approx(ends[1]))
    assert (bidrop["low"], bidrop["high"]) == (None, None)  # one seed
    (named, _) = reproduction.pairs(found, named=True)
    assert named["name"] == "bidrop/table2 · Vanilla · RTE"


def test_averages_and_differences_of_cells_are_left_out():
    rows = Suited("adamw_torch")
    for task in ("cola", "mrpc", "rte", "stsb"):
        rows.add("vanilla", task, around(70.0, 0.5))
    names = [pair["name"] for pair in reproduction.pairs(table("bidrop/table2", rows), named=False)]
    assert len(names) == 4 and not any("Avg" in name for name in names)


def test_averages_are_pairs_where_a_table_has_nothing_else():
    ours = SuiteCell(Cell({"mean": 0.71}, n=4, planned=4), {"mean": 70.5}, verdict="underpowered")
    row = SuiteRow(SuiteHead("vanilla", "Vanilla"), (ours, ours))
    section = SuiteSection((AVG, DELTA), (SuiteGroup("500 rows", "n=500", "bert-large", (row,)),))
    report = SuiteReport("blo/table1", "Title", ("mean",), {"f1": 1.0}, (section,), ())
    assert list(reproduction.pairs(report, named=False)) == [
        {
            "name": "500 rows · Vanilla · Avg",
            "published": 70.5,
            "measured": pytest.approx(71.0),
            "low": None,
            "high": None,
            "label": "underpowered",
            "margin": None,
        }
    ]
