"""The columns of a table, and what its caption says of them."""

from __future__ import annotations

import pytest

from ftbench.render.layouts import LAYOUTS
from ftbench.services.reporting.headings import caption_of
from ftbench.services.scores.block import Block
from tests.services.report_rows import Rows
from tests.services.reporting.reading import report

MAIN = LAYOUTS["main"]([]).parts[0]


@pytest.mark.parametrize(
    ("estimand", "end"),
    [
        ("mean", "Δ: Avg minus that of Vanilla."),
        ("two-part", "Δ: Avg minus that of Vanilla."),
        ("probability", "P(> Vanilla): how often a run beats that of Vanilla with its task and seed, × 100."),
    ],
)
def test_the_rules_end_with_what_stands_behind_the_average(estimand, end):
    caption, rules = caption_of(MAIN, {0.0: [Block.of([], [], [], [], {})]}, "Vanilla", estimand)
    assert caption == "Clean training data. Mean ± standard deviation (ddof 1) over seeds, × 100."
    assert rules.endswith(end)


def test_the_difference_shows_its_interval_instead_of_the_difference_of_best_runs():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.6, 0.61])
    rows.jobs("bidrop", "rte", [0.6, 0.63])
    shown = {column.key: column.show for column in report(rows).sections[0].columns}
    assert (shown["rte"], shown["difference"]) == (("mean", "std"), ("mean", "interval"))
    shown = {column.key: column.show for column in report(rows, show="median").sections[0].columns}
    assert shown["difference"] == ("median",)
