"""Differences between means, beside those that a paper prints."""

from __future__ import annotations

import pytest

from ftbench import suites
from ftbench.services.papers import differences
from tests.services.papers.suited import Suited, cell, table


def test_a_drop_is_of_noisy_blocks_and_not_of_a_minority_class() -> None:
    suite = suites.find("bidrop/table5")
    found = {block.title: differences.is_drop(suite, block) for block in suite.blocks}
    assert [title for title, drop in found.items() if drop] == ["noise 5 %", "noise 10 %", "noise 15 %"]


def test_averages_are_told_from_vanillas_or_from_the_clean_runs() -> None:
    rows = Suited("adamw_torch")
    for task in ("cola", "mrpc", "rte"):
        rows.add("vanilla", task, [60])
        rows.add("bidrop", task, [63])
        rows.add("bidrop", task, [61], noise=0.05)
    drop = cell(table("bidrop/table5", rows), "Bi-Drop", "Δ", "noise 5 %")
    assert drop.measured.mean == pytest.approx(0.02) and drop.printed == {"mean": 0.94}  # Table 5
    rows.add("vanilla", "stsb", [60])
    rows.add("bidrop", "stsb", [67])
    gain = cell(table("bidrop/table2", rows), "Bi-Drop", "Δ")
    assert gain.measured.mean == pytest.approx((3 * 0.03 + 0.07) / 4) and gain.printed == {"mean": 1.55}


def test_a_difference_that_the_text_prints_of_one_column_stands_beside_ours() -> None:
    """Bi-Drop, Sec. 4.6: 3.50 from MRPC to CoLA, 3.28 from RTE; nothing is printed of other columns."""
    rows = Suited("adamw_torch")
    for method, score in (("vanilla", 0.20), ("bidrop", 0.23)):
        rows.add(method, "mrpc", [50, 50], evaluation="cola:dev@linear", also={"matthews": score})
    found = table("bidrop/figure3", rows)
    gain = cell(found, "Bi-Drop", "Δ CoLA (linear)", "trained on MRPC")
    assert gain.measured.mean == pytest.approx(0.03) and gain.printed == {"mean": 3.50}
    assert cell(found, "Bi-Drop", "Δ CoLA (linear)", "trained on RTE").printed == {"mean": 3.28}
    assert not cell(found, "Vanilla", "Δ CoLA (linear)", "trained on MRPC").applies
    heads = [head.title for section in found.sections for head in section.columns]
    assert [head for head in heads if head.startswith("Δ")] == ["Δ CoLA (linear)"] * 2
