"""The table of retention: what was measured beside each task's score, and in no average."""

from __future__ import annotations

import pytest

from ftbench.db import ValueRow
from ftbench.errors import NothingToReport
from ftbench.services.reporting.retention import measured, those_measured, with_retention
from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, report


@pytest.fixture
def rows() -> Rows:
    """Two seeds of two methods; the language model's head is there for one of them alone."""
    made = Rows()
    made.jobs("vanilla", "rte", [0.6, 0.7])
    made.jobs("bidrop", "rte", [0.7, 0.8])
    for n, one in enumerate(made.cells):
        made.scores.append(ValueRow(one.digest, "retention", "moved", 0.01 * (n + 1)))
        if one.method == "vanilla":
            made.scores.append(ValueRow(one.digest, "retention", "lm_loss_before", 2.0))
            made.scores.append(ValueRow(one.digest, "retention", "lm_loss_after", 2.5 + n))
    return made


def test_it_stands_beside_the_score_and_changes_no_average(rows: Rows) -> None:
    plain = report(rows, "retention")
    (section,) = with_retention(plain, measured(rows.scores)).sections
    names = [column.key for column in section.columns]
    assert names[:3] == ["rte", "rte_moved", "rte_lm_loss"]
    assert cell(section, "vanilla", "rte_moved").text == "1.50"
    assert cell(section, "bidrop", "rte_moved").text == "3.50"
    assert cell(section, "vanilla", "rte_lm_loss").text == "2.00 → 3.00"
    assert cell(section, "bidrop", "rte_lm_loss").text == "–"
    assert cell(section, "vanilla", "average") == cell(plain.sections[0], "vanilla", "average")
    assert cell(section, "vanilla", "average").mean == pytest.approx(0.65)


def test_the_main_table_does_not_see_it(rows: Rows) -> None:
    (section,) = report(rows).sections
    assert not any("moved" in column.key for column in section.columns)


def test_jobs_without_it_are_left_out_and_none_at_all_says_how_to_queue_them(rows: Rows) -> None:
    kept = measured(rows.scores)
    rows.job("vanilla", "rte", 7, 0.9)
    assert len(those_measured(rows.cells, kept, "")) == 4
    with pytest.raises(NothingToReport, match="ftbench queue --tasks rte --retention"):
        those_measured(rows.cells, {}, "ftbench queue --tasks rte")
