"""Predictions compared example by example, in the metric of each task computed by hand."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from scipy import stats

from ftbench.cli import _requests
from ftbench.db import Entry
from ftbench.domain.job import Job
from ftbench.domain.result import JobResult, Predictions, Score
from ftbench.services.comparing.by_task import compare
from ftbench.services.comparing.topup import TopupRequest, topup
from tests.services.comparing.answers import measured, stored
from tests.services.comparing.runs import request
from tests.services.stored import finish, job_of


def examples(database, *methods, **more):
    """The sheet of predictions."""
    return next(
        s for s in compare(database, request(*methods, examples=True, **more)) if s.name == "examples"
    )


@pytest.mark.parametrize(
    ("task", "metric"),
    [("toy-accept", "matthews"), ("toy-entail", "accuracy"), ("toy-para", "f1"), ("toy-sim", "spearman")],
)
def test_predictions_are_compared_seed_by_seed_in_the_tasks_metric(database, task, metric, monkeypatch):
    monkeypatch.setattr("ftbench.stats.examples.RESAMPLES", 1_000)
    rng = np.random.default_rng(0)
    given = {}

    def answers(labels):
        for method, wrong in (("vanilla", 0.4), ("bidrop", 0.1)):
            for seed in (0, 1):
                flipped = np.where(rng.random(len(labels)) < wrong, 1 - labels, labels)
                noisy = labels + 9 * wrong * rng.normal(size=len(labels))
                given[method, seed] = noisy.astype("<f4") if metric == "spearman" else flipped
        return given

    labels = stored(database, task, answers)
    rows = examples(database, "bidrop", "vanilla").rows
    assert [(row["seed"], row["metric"]) for row in rows] == [(0, metric), (1, metric)]
    for seed, row in enumerate(rows):
        mine, theirs = given["bidrop", seed], given["vanilla", seed]
        wanted = measured(metric, mine, labels) - measured(metric, theirs, labels)
        assert row["difference"] == pytest.approx(wanted)
        assert row["low"] < wanted < row["high"]
        if metric == "spearman":
            assert row["p_mcnemar"] is None and not {"left_alone", "right_alone"} & set(row)
            continue
        right = mine == labels, theirs == labels
        alone = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
        assert (row["left_alone"], row["right_alone"]) == alone
        assert row["p_mcnemar"] == pytest.approx(stats.binomtest(alone[0], sum(alone)).pvalue)
        assert row["mark"] == "better"


def test_mcnemar_marks_right_answers_and_not_the_metric(database):
    """Always answering "equivalent" has the better F1 and fewer right answers."""

    def answers(labels):
        ones = np.flatnonzero(labels == 1)
        cautious = np.zeros(len(labels))
        cautious[ones[: len(ones) // 3]] = 1
        return {("vanilla", 0): cautious, ("bidrop", 0): np.ones(len(labels))}

    stored(database, "toy-para", answers)
    (row,) = examples(database, "bidrop", "vanilla").rows
    assert row["difference"] == pytest.approx(2 / 3 - 1 / 2, abs=0.01)
    assert (row["left_alone"], row["right_alone"], row["mark"]) == (134, 200, "worse")


def test_predictions_of_topped_up_runs_are_marked_at_the_level_of_their_plan(database):
    """McNemar's p of 13 examples, 11 to 2, is 0.022; over two seeds 0.045."""

    def answers(labels):
        given = {}
        for seed in (0, 1):
            for method, wrong in (("bidrop", slice(0, 2)), ("vanilla", slice(2, 13))):
                given[method, seed] = labels.copy()
                if seed == 0:
                    given[method, seed][wrong] = 1 - labels[wrong]
        return given

    stored(database, "toy-para", answers)

    def shown():
        found = examples(database, "bidrop", "vanilla")
        return found.rows[0], found.notes

    row, notes = shown()
    assert row["p_corrected"] == pytest.approx(2 * stats.binomtest(11, 13).pvalue) and row["mark"] == "better"
    assert "marked below 0.05." in notes[0]
    topup(database, TopupRequest("p", _requests.against(None, None, ["bidrop"], "vanilla")))
    row, notes = shown()
    assert row["p_corrected"] < 0.05 and row["mark"] == "" and "marked below 0.0167." in notes[0]
    assert notes[1] == "Seeds were topped up: look 1 of 3, marks at 1.67 %."


def test_seeds_of_one_side_and_runs_without_predictions_are_left_out(database):
    labels = stored(
        database,
        "toy-para",
        lambda labels: dict.fromkeys([("vanilla", 0), ("bidrop", 0), ("bidrop", 1)], labels),
    )
    like = next(row for row in database.jobs.list() if row.seed == 0)
    job = Job.from_canonical({**like.spec, "method": {"name": "rdrop", "hparams": {}}})
    database.jobs.add([Entry(job, "rdrop")])
    claim = database.jobs.claim("worker", 60.0)
    database.jobs.finish(claim, JobResult(scores=(Score(job.evaluation[0], "f1", 1.0),)))
    rows = examples(database, "bidrop", "vanilla", "rdrop").rows
    assert [(row["comparison"], row["seed"], row["examples"]) for row in rows] == [
        ("bidrop − vanilla", 0, len(labels))
    ]
    assert (rows[0]["p_mcnemar"], rows[0]["mark"]) == (1.0, "")


@pytest.mark.parametrize(("correction", "factor"), [("holm", 2), ("none", 1)])
def test_mcnemars_p_are_corrected_over_the_sheet(database, correction, factor):
    def answers(labels):
        given = {}
        for seed, number in ((0, 8), (1, 4)):  # bidrop has the first right that vanilla has wrong
            given["bidrop", seed] = labels.copy()
            given["vanilla", seed] = labels.copy()
            given["vanilla", seed][:number] = 1 - labels[:number]
        return given

    stored(database, "toy-para", answers)
    sheet = examples(database, "bidrop", "vanilla", correction=correction)
    assert [row["left_alone"] for row in sheet.rows] == [8, 4]
    plain = [2 / 2**8, 2 / 2**4]
    assert [row["p_mcnemar"] for row in sheet.rows] == pytest.approx(plain)
    assert [row["p_corrected"] for row in sheet.rows] == pytest.approx([factor * plain[0], plain[1]])
    assert [row["mark"] for row in sheet.rows] == ["better", ""]
    assert "over the 2 tests of this table" in sheet.notes[0]


def test_a_task_whose_rows_are_not_here_is_left_out_with_the_reason(database, monkeypatch):
    monkeypatch.delenv("FTBENCH_DATA", raising=False)
    logits = np.zeros((3, 2), dtype="<f4")
    kept = Predictions("main", "dev", *logits.shape, zlib.compress(logits.tobytes()))
    for method in ("vanilla", "bidrop"):
        finish(database, job_of(method, "rte", 0), 0.6, predictions=[kept])
    sheet = examples(database, "bidrop", "vanilla")
    assert sheet.rows == () and sheet.notes[-1].startswith("RTE is left out: ")
