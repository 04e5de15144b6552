"""Tables from rows made by hand: the numbers can be checked with pencil and paper."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.render.table import Section
from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, labels, report


def test_main_table_has_mean_max_average_and_difference(rows):
    (section,) = report(rows).sections
    assert [c.key for c in section.columns] == ["rte", "sst2", "average", "difference", "group", "runs"]
    assert labels(section) == ["vanilla", "bidrop"]
    rte = cell(section, "bidrop", "rte")
    assert (rte.mean, rte.statistics["max"], rte.n, rte.planned) == (pytest.approx(0.67), 0.69, 3, 3)
    assert rte.statistics["std"] == pytest.approx(0.0173205)  # √((0.01² + 0.01² + 0.02²) / 2)
    average = cell(section, "bidrop", "average")
    assert (average.mean, average.statistics["max"]) == (pytest.approx(0.765), pytest.approx(0.78))
    assert (average.n, average.reduced, average.tasks) == (6, False, ("rte", "sst2"))
    gain = cell(section, "bidrop", "difference")
    assert (gain.mean, gain.statistics["max"]) == (
        pytest.approx(0.035),
        pytest.approx(0.01),
    )  # 76.5-73.0, 78-77
    assert cell(section, "vanilla", "difference").mean == 0
    assert section.notes == ()


def test_methods_stand_baseline_first_then_by_average(rows):
    for method, score in (("rdrop", 0.99), ("mixout", 0.10), ("dps", 0.80)):
        for task in ("rte", "sst2"):
            rows.jobs(method, task, [score] * 3)
    assert labels(report(rows).sections[0]) == ["vanilla", "rdrop", "dps", "bidrop", "mixout"]


def test_reported_metric_and_evaluation_set_are_the_tasks_own():
    rows = Rows()
    rows.job("vanilla", "mrpc", 0, 0.9, also={"accuracy": 0.1})
    rows.job("vanilla", "mnli", 0, 0.8, evaluation="mnli")
    other = rows.scores[-1]
    rows.scores.append(other._replace(evaluation="mnli-mm", value=0.3))
    (section,) = report(rows).sections
    assert cell(section, "vanilla", "mrpc").mean == 0.9
    assert cell(section, "vanilla", "mnli").mean == 0.8
    assert [(c.title, c.subtitle) for c in section.columns[:2]] == [("MRPC", "F1"), ("MNLI", "accuracy")]


def test_main_table_leaves_perturbed_jobs_out(rows):
    rows.job("vanilla", "rte", 0, 0.01, noise=0.1)
    rows.job("vanilla", "rte", 0, 0.01, reduction=0.5)
    assert cell(report(rows).sections[0], "vanilla", "rte").mean == pytest.approx(0.62)


def test_two_settings_of_a_method_are_two_rows_even_under_one_label(rows):
    rows.jobs("bidrop", "rte", [0.1] * 3, hparams_={"k": 3})
    found = labels(report(rows).sections[0])
    assert sorted(found) == ["bidrop[k=2]", "bidrop[k=3]", "vanilla"]


def test_one_setting_under_two_labels_is_one_row(rows):
    rows.job("bidrop", "rte", 3, 0.67, hparams_={"k": 2}, label="bidrop[k=2]")
    (section,) = report(rows).sections
    assert labels(section) == ["vanilla", "bidrop"]
    assert cell(section, "bidrop", "rte").n == 4


def incomplete(rows: Rows, **last: Any) -> Section:
    """The table where bidrop's third seed on sst2 has come to something else than a score."""
    rows.cells = [c for c in rows.cells if (c.method, c.task, c.seed) != ("bidrop", "sst2", 2)]
    rows.scores = [s for s in rows.scores if (s.method, s.task, s.seed) != ("bidrop", "sst2", 2)]
    if last:
        rows.job("bidrop", "sst2", 2, hparams_={"k": 2}, **last)
    (section,) = report(rows).sections
    return section


@pytest.mark.parametrize(
    ("last", "reason", "mark"),
    [
        ({"state": "queued"}, "queued", "…"),
        ({"state": "queued", "outcome": "lost"}, "queued", "…"),
        ({"state": "running"}, "running", "…"),
        ({"state": "failed", "outcome": "oom"}, "failed", "!"),
        ({"state": "cancelled"}, "cancelled", "!"),
        ({"state": "done"}, "no score", "!"),
        ({"state": "done", "score": float("nan")}, "no score", "!"),
        ({}, "not queued", "!"),
    ],
)
def test_a_missing_seed_marks_its_cell_with_the_reason(rows, last, reason, mark):
    section = incomplete(rows, **last)
    found = cell(section, "bidrop", "sst2")
    assert (found.n, found.planned, found.missing, found.mark) == (2, 3, {reason: 1}, mark)
    assert found.mean == pytest.approx(0.855)
    assert not found.complete and not found.best
    meaning = "… still to come" if mark == "…" else "! will not come by themselves"
    assert section.notes[0] == f"Incomplete cells: 1 of 4. {meaning}: 1 {reason}."
    assert (f"! Bi-Drop on SST-2: 1 {reason}." in section.notes) == (mark == "!")


def test_shared_average_and_difference_are_over_what_all_methods_have(rows):
    section = incomplete(rows, state="queued")
    # rte over three seeds, sst2 over the first two: vanilla 62 and 81, bidrop 67 and 85.5
    mine, theirs = (cell(section, label, "average_shared") for label in ("bidrop", "vanilla"))
    assert (mine.mean, theirs.mean) == (pytest.approx(0.7625), pytest.approx(0.715))
    assert (mine.statistics["max"], theirs.statistics["max"]) == (
        pytest.approx(0.775),
        pytest.approx(0.73),
    )  # 69 and 86, 64 and 82
    assert (mine.n, mine.planned, mine.reduced) == (5, 6, True)
    gain = cell(section, "bidrop", "difference")
    assert (gain.mean, gain.statistics["max"], gain.reduced) == (
        pytest.approx(0.0475),
        pytest.approx(0.045),
        True,
    )
    assert any("RTE (seeds 0–2); SST-2 (seeds 0–1)" in note for note in section.notes)


def test_nothing_in_common_gives_no_number():
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6)
    rows.job("bidrop", "rte", 1, 0.7)
    (section,) = report(rows).sections
    assert cell(section, "bidrop", "average_shared").mean is None
    assert cell(section, "bidrop", "difference").mean is None
    assert any("there is none yet" in note for note in section.notes)


def test_the_baseline_can_be_any_row(rows):
    (section,) = report(rows, baseline="bi-drop").sections
    assert labels(section)[0] == "bidrop"
    assert cell(section, "vanilla", "difference").mean == pytest.approx(-0.035)


def test_a_method_that_lacks_scores_stands_below_those_that_have_them_all(rows):
    for method, scores in (("rdrop", [0.99, 0.99]), ("mixout", [0.30] * 3)):
        for task in ("rte", "sst2"):
            rows.jobs(method, task, scores)
    (section,) = report(rows).sections
    assert labels(section) == ["vanilla", "bidrop", "mixout", "rdrop"]
    assert cell(section, "rdrop", "average_shared").mean == pytest.approx(0.99)
