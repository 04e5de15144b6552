"""Jobs as reports see them: their scores, their names, and which of them collapsed."""

from __future__ import annotations

import math

import pytest

from ftbench.domain.result import State
from ftbench.services.scores.jobs import (
    MethodKey,
    Reported,
    baseline_of,
    index_of,
    join,
    labels,
    reported,
    without_collapsed,
)
from tests.services.report_rows import Rows


def test_the_scores_are_those_of_the_evaluation_set_that_a_task_reports() -> None:
    rows = Rows()
    rows.job("vanilla", "mrpc", 0, 0.9, also={"accuracy": 0.1})
    rows.job("vanilla", "mnli", 0, 0.8, evaluation="mnli")
    rows.scores.append(rows.scores[-1]._replace(evaluation="mnli-mm", value=0.3))
    rows.scores.append(rows.scores[-1]._replace(evaluation="train", metric="explained", value=0.7))
    mrpc, mnli = rows.joined()
    assert (mrpc.scores, mrpc.explained) == ({"f1": 0.9, "accuracy": 0.1}, None)
    assert (mnli.scores, mnli.explained) == ({"accuracy": 0.8}, 0.7)
    assert math.isnan(mnli.score("f1"))


def test_scores_of_jobs_that_are_not_done_do_not_count() -> None:
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.9, explained=0.8)
    rows.cells[0] = rows.cells[0]._replace(state=State.QUEUED)
    (job,) = rows.joined()
    assert (job.status, job.scores, job.explained) == ("queued", {}, None)


def test_a_failure_that_is_the_methods_is_told_from_others() -> None:
    rows = Rows()
    rows.job("vanilla", "rte", 0, state="failed", outcome="diverged")
    rows.job("vanilla", "rte", 1, state="failed", outcome="oom")
    rows.job("vanilla", "rte", 2, state="queued", outcome="diverged")  # to be tried again
    rows.job("vanilla", "rte", 3)
    assert [job.reason("accuracy") for job in rows.joined()] == ["diverged", "failed", "queued", "no score"]


def test_a_diverged_run_scores_what_guessing_does_unless_it_is_to_be_missing() -> None:
    rows = Rows()
    for task in ("rte", "cola", "stsb", "mnli", "theirs"):
        rows.job("vanilla", task, 0, state="failed", outcome="diverged")
    tasks = reported((cell.task for cell in rows.cells), rows.cells, rows.scores)
    counted, left_out = (join(rows.cells, rows.scores, tasks, how) for how in ("chance", "missing"))
    assert [job.score(tasks[job.cell.task].metric) for job in counted[:4]] == [0.5, 0.0, 0.0, 1 / 3]
    assert math.isnan(counted[4].score("accuracy"))
    assert all(job.diverged and job.failed and not job.collapsed and not job.dropped for job in counted[:4])
    assert all(job.failed and job.dropped and not job.scores for job in left_out)


def test_of_a_task_that_is_not_installed_the_first_job_says_what_is_reported() -> None:
    rows = Rows()
    rows.job("vanilla", "theirs", 0, state="queued")
    rows.job("vanilla", "theirs", 1, 0.6, evaluation="validation", also={"recall": 0.2}, explained=0.3)
    rows.job("vanilla", "theirs", 2, 0.5, evaluation="a-set")
    rows.scores.sort(key=lambda row: (row.evaluation, row.metric))  # as the database gives them
    found = reported(["rte", "theirs", "empty", "rte"], rows.cells, rows.scores)
    assert list(found.values()) == [
        Reported("rte", "RTE", "dev", "accuracy", classes=2),
        Reported("theirs", "theirs", "validation", "accuracy", known=False),
        Reported("empty", "empty", "dev", "accuracy", known=False),
    ]


def test_of_two_jobs_in_one_place_the_done_one_stands_and_the_other_is_counted() -> None:
    rows = Rows()
    rows.job("vanilla", "rte", 0, state="queued")
    done = rows.job("vanilla", "rte", 0, 0.6)
    rows.job("vanilla", "rte", 0, 0.7)
    rows.job("vanilla", "rte", 1, 0.8)
    index, twins = index_of(rows.joined())
    (seeds,) = index.values()
    assert ({seed: job.cell.digest for seed, job in seeds.items()}[0], twins) == (done, 2)
    assert sorted(seeds) == [0, 1]


# Names


def test_a_label_that_two_share_becomes_what_differs_between_them() -> None:
    rows = Rows()
    rows.job("bidrop", "rte", 0, 0.1, hparams_={"k": 2, "keep_ratio": 0.5})
    rows.job("bidrop", "rte", 0, 0.1, hparams_={"k": 3, "keep_ratio": 0.5})
    rows.job("vanilla", "rte", 0, 0.1)
    rows.job("vanilla", "rte", 1, 0.1, label="other words")  # one key: the first label stays
    assert list(labels(rows.joined()).values()) == ["bidrop[k=2]", "bidrop[k=3]", "vanilla"]


def test_a_baseline_is_named_by_its_label_or_by_a_name_that_only_one_has() -> None:
    names = {
        MethodKey("dps", '{"p": 1}'): "dps[p=1]",
        MethodKey("dps", '{"p": 2}'): "dps[p=2]",
        MethodKey("bidrop", "{}"): "mine",
    }
    first, _, third = names
    assert baseline_of("dps[p=1]", names, names) == first
    assert baseline_of("dps", names, names) is None
    assert baseline_of("dps", names, [first]) == first
    assert baseline_of("mine", names, names) == baseline_of("bidrop", names, names) == third
    assert baseline_of("vanilla", names, names) is None


# Collapsed runs


@pytest.mark.parametrize(
    ("scores", "constant"),
    [
        ({"matthews": 0.0, "accuracy_label1": 0.0}, True),
        ({"matthews": 0.0, "accuracy_label1": 0.4}, False),  # no better than chance, and not constant
        ({"matthews": 0.2, "accuracy_label1": 1.0}, False),
        ({"accuracy_label1": 1.0}, True),  # three classes have no Matthews
        ({"pearson": 0.0, "spearman": 0.0}, True),
        ({"pearson": 0.01, "spearman": 0.0}, False),
        ({}, False),
    ],
)
def test_constant_predictions_are_a_collapse(scores: dict[str, float], constant: bool) -> None:
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.5, also=scores)
    (job,) = rows.joined()
    assert (job.constant, job.collapsed) == (constant, constant)


@pytest.mark.parametrize(
    ("explained", "collapsed"),
    [(-0.3, True), (0.0, True), (0.0099, True), (0.01, False), (0.9, False), (None, False)],
)
def test_a_training_loss_at_chance_is_a_collapse_too(explained: float | None, collapsed: bool) -> None:
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.5, also={"matthews": 0.01, "accuracy_label1": 0.9}, explained=explained)
    rows.job("vanilla", "rte", 1, 0.6, also={"matthews": 0.2, "accuracy_label1": 0.6}, explained=0.5)
    jobs = rows.joined()
    assert [job.collapsed for job in jobs] == [collapsed, False]
    first, second = without_collapsed(jobs)
    assert (first.status, bool(first.scores)) == (("collapsed", False) if collapsed else ("done", True))
    assert first.reason("accuracy") == ("collapsed" if collapsed else "no score")
    assert second is jobs[1]


def test_jobs_of_one_method_share_its_key() -> None:
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.5, 0.6], hparams_={"a": 1, "b": "x"})
    first, second = join(rows.cells, rows.scores, reported(["rte"], rows.cells, rows.scores))
    assert first.key is second.key and first.key.values() == {"a": 1, "b": "x"}
