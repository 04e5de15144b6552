"""The lines under a table: what is missing, and why."""

from __future__ import annotations

import pytest

from tests.services.report_rows import Rows
from tests.services.reporting.cells import cell, report


def test_long_lists_of_lost_cells_are_cut():
    rows = Rows()
    for number in range(9):
        rows.job(f"m{number}", "rte", 0, state="failed")
    listed = "; ".join(f"m{number} on RTE: 1 failed" for number in range(6))
    assert f"! {listed}; and 3 more cells." in report(rows).sections[0].notes


def test_a_table_without_the_baseline_has_no_differences_and_says_so(rows):
    (section,) = report(rows, baseline="rdrop").sections
    assert not cell(section, "bidrop", "difference").applies
    assert any(note.startswith("rdrop has no jobs here") for note in section.notes)


def test_a_task_of_elsewhere_is_shown_by_what_the_database_has():
    rows = Rows()
    rows.job("vanilla", "their-task", 0, 0.6)
    (section,) = report(rows).sections
    assert cell(section, "vanilla", "their-task").mean == 0.6
    assert any("their-task is not installed here" in note for note in section.notes)


def test_jobs_that_differ_in_nothing_shown_are_not_averaged(rows):
    rows.job("vanilla", "rte", 0, 0.99)
    (section,) = report(rows).sections
    assert cell(section, "vanilla", "rte").mean == pytest.approx(0.62)
    assert any("Left out: 1 job that differs" in note for note in section.notes)
