"""The lines under a table: what is missing, and why."""

from __future__ import annotations

import pytest

from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, report


def test_long_lists_of_lost_cells_are_cut():
    rows = Rows()
    for number in range(9):
        rows.job(f"m{number}", "rte", 0, state="failed")
    listed = "; ".join(f"m{number} on RTE: 1 failed" for number in range(6))
    assert f"! {listed}; and 3 more cells." in report(rows).sections[0].notes


def test_a_table_without_the_baseline_has_no_differences_and_says_so(rows):
    (section,) = report(rows, baseline="rdrop").sections
    assert not cell(section, "bidrop", "difference").applies
    assert any(note.startswith("R-Drop has no jobs here") for note in section.notes)


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


def test_a_whole_table_has_no_notes(rows):
    assert report(rows).sections[0].notes == ()


def test_missing_scores_are_counted_by_whether_they_will_still_come():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.6, 0.7, 0.8, 0.9])
    rows.job("bidrop", "rte", 0, state="queued")
    rows.job("bidrop", "rte", 1, state="running")
    rows.job("bidrop", "rte", 2, state="failed")
    first, second, *_ = report(rows).sections[0].notes
    assert first == (
        "Incomplete cells: 1 of 2. … still to come: 1 queued, 1 running. "
        "! will not come by themselves: 1 failed, 1 not queued."
    )
    assert second == "! Bi-Drop on RTE: 1 failed, 1 not queued."


def test_cells_are_counted_once_where_a_table_has_two_metrics_of_the_same_jobs():
    rows = Rows()
    for ratio in (0.0, 0.5):
        rows.jobs("vanilla", "rte", [0.6, 0.7], reduction=ratio, also={"accuracy_label1": 0.3})
    rows.job("vanilla", "rte", 2, state="failed", reduction=0.5)
    notes = report(rows, "robustness").sections[0].notes
    assert notes[0].startswith("Incomplete cells: 1 of 2. ")
    assert notes[1] == "! Vanilla on RTE at reduction 50 %: 1 failed."


def test_a_shared_average_says_which_seeds_of_which_tasks_it_is_over():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.6] * 4)
    rows.jobs("vanilla", "sst2", [0.9] * 4)
    for seed in (0, 2, 3):
        rows.job("bidrop", "rte", seed, 0.7)
    rows.job("bidrop", "sst2", 2, 0.9)
    notes = report(rows).sections[0].notes
    over = "Avg*: over the tasks and seeds that every method with a score has: "
    (said,) = (note.removeprefix(over) for note in notes if note.startswith(over))
    assert said == "RTE (seeds 0, 2–3); SST-2 (seed 2)."
    fewer = "Averages and differences with * or n are over fewer scores than were queued: n of them."
    assert notes.count(fewer) == 1


def test_collapsed_runs_are_listed_up_to_six_cells():
    rows = Rows()
    for number in range(8):
        rows.job(f"m{number}", "rte", 0, 0.5, also={"matthews": 0.0, "accuracy_label1": 1.0})
    listed = "; ".join(f"m{number} on RTE: 1" for number in range(6))
    (said,) = (note for note in report(rows).sections[0].notes if note.startswith("c: "))
    assert said.endswith(f"they count: {listed}; and 2 more cells. Without them: --without-collapsed.")


def test_several_twins_are_counted_together():
    rows = Rows()
    for score in (0.6, 0.7, 0.8):
        rows.job("vanilla", "rte", 0, score)
    (said,) = (note for note in report(rows).sections[0].notes if note.startswith("Left out"))
    assert said.startswith("Left out: 2 jobs that differ from another one only in what")


def test_a_test_of_fewer_pairs_than_its_cell_has_seeds_says_so():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.6, 0.7, 0.65])
    rows.jobs("bidrop", "rte", [0.61, 0.73, 0.7, 0.8])
    notes = report(rows).sections[0].notes
    wanted = (
        "Tests over other seeds than their cells, those that the baseline shares: Bi-Drop on RTE: 3 of n=4."
    )
    assert wanted in notes
