"""The part of the training rows that a trial is scored on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from ftbench import tasks
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.target import HELD_OUT
from ftbench.errors import BadValue
from ftbench.perturbations.train_size import quantile_bins
from ftbench.tasks import toy
from ftbench.training.evaluation import scored
from tests.training.conftest import Bench
from tests.training.performed import done, logits_of

ROWS = 800  # of a toy task


def trial(bench: Bench, change: Mapping[str, Any] | None = None, **more: Any) -> Job:
    """A trial on all rows, unless ``change`` says otherwise."""
    job = replace(bench.job(**more), evaluation=(HELD_OUT,))
    return replace(job, perturbation=Perturbation.of(change or {}))


def held(bench: Bench, job: Job) -> tuple[np.ndarray, np.ndarray]:
    """The original numbers of the rows trained on, and the labels of those held out."""
    corpus = bench.corpus(job)
    return corpus.rows, corpus.evaluation(HELD_OUT).labels


@pytest.mark.parametrize(("rows", "count"), [(200, 100), (300, 100), (ROWS, 100)])
def test_a_hundred_rows_at_least_are_held_out(bench: Bench, rows: int, count: int) -> None:
    trained, labels = held(bench, trial(bench, {"train_size": rows}))
    assert len(labels) == count and len(trained) == rows - count


def test_a_tenth_is_held_out_of_many_rows(bench: Bench) -> None:
    trained, labels = held(bench, trial(bench, {"duplicates": 2}))
    assert len(labels) == pytest.approx(240, abs=2) and len(trained) + len(labels) == 3 * ROWS


def test_too_few_rows_are_refused_in_one_line(bench: Bench) -> None:
    with pytest.raises(BadValue, match="199 training rows are too few to hold 100 of them out"):
        held(bench, trial(bench, {"train_size": 199}))


def test_no_row_is_trained_on_and_held_out_and_copies_stay_together(bench: Bench) -> None:
    job = trial(bench, {"duplicates": 1, "noise": 0.2})
    corpus = bench.corpus(job)
    rest, all_rows = corpus.rows, bench.corpus(replace(job, evaluation=("dev",))).rows
    out = np.setdiff1d(all_rows, rest)
    assert len(out) == len(corpus.evaluation(HELD_OUT).labels)
    assert not set(out % ROWS) & set(rest % ROWS)


def test_each_class_has_its_share(bench: Bench) -> None:
    labels = np.asarray(toy.rows("toy-accept", "train").labels)
    _, out = held(bench, trial(bench))
    assert abs(out.mean() - labels.mean()) < 0.01


def test_each_tenth_of_the_scores_has_its_share(bench: Bench) -> None:
    labels = np.asarray(toy.rows("toy-sim", "train").labels, dtype=np.float64)
    rest, out = held(bench, trial(bench, task="toy-sim"))
    bins = quantile_bins(labels)
    shares = np.bincount(bins, minlength=10) - np.bincount(bins[rest], minlength=10)
    assert np.all(np.abs(shares - np.bincount(bins, minlength=10) * len(out) / ROWS) <= 1)


def test_the_part_depends_on_task_and_seed_alone(bench: Bench) -> None:
    first, _ = held(bench, trial(bench))
    other, _ = held(bench, trial(bench, method="rdrop", lr=1e-3, epochs=7))
    assert np.array_equal(first, other)
    assert not np.array_equal(first, held(bench, trial(bench, seed=1))[0])


def test_labels_are_those_that_a_perturbation_left(bench: Bench) -> None:
    clean, noisy = (held(bench, trial(bench, {"noise": value}))[1] for value in (0.0, 0.4))
    assert 0 < (clean != noisy).sum() < 60


def test_a_methods_own_part_is_taken_from_what_is_left(bench: Bench) -> None:
    job = trial(bench, method="soup", given={"members": 2, "selection": "greedy"})
    trainer = bench.trainer(job)
    rows, own = bench.corpus(job).rows, trainer._held_rows
    assert len(own) == 70 and set(own) <= set(rows)


def test_a_trial_is_scored_on_these_rows_alone(bench: Bench) -> None:
    sent = done(trial(bench, epochs=0.2))
    assert {v["evaluation"] for v in sent.of("score")} == {HELD_OUT, "train"}
    corpus = bench.corpus(trial(bench))
    out = np.setdiff1d(np.arange(ROWS), corpus.rows)
    labels = np.asarray(toy.rows("toy-accept", "train").labels, dtype=np.float64)[out]
    assert np.array_equal(corpus.evaluation(HELD_OUT).labels, labels)
    assert sent.scores == scored(tasks.find("toy-accept"), logits_of(sent), labels)
    (facts,) = (event["values"] for event in sent.of("provenance"))
    assert facts["runs"]["main"]["rows"] == 700 and facts["digests"][HELD_OUT]


def test_the_texts_are_those_of_the_rows(bench: Bench) -> None:
    job = trial(bench)
    corpus, whole = bench.corpus(job), bench.corpus(replace(job, evaluation=("dev",)))
    out = np.setdiff1d(np.arange(ROWS), corpus.rows)
    mine = corpus.evaluation(HELD_OUT).data.gather([0, 7], torch.zeros(2))
    theirs = whole.data.gather([int(out[0]), int(out[7])], torch.zeros(2))
    assert torch.equal(mine.inputs["input_ids"], theirs.inputs["input_ids"])


def test_the_identity_says_which_part_it_is_and_others_keep_theirs(bench: Bench) -> None:
    job = bench.job()
    assert replace(job, evaluation=(HELD_OUT,)).digest != job.digest
    assert job.canonical()["task"]["evaluation"] == ["dev"]
