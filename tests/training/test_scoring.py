"""Other tasks: what a model's classes count as there, and probes of a frozen encoder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from ftbench import tasks
from ftbench.domain.job import Job
from ftbench.errors import DataError
from ftbench.run.seeding import stream_seed
from ftbench.tasks import sources, toy
from ftbench.training import evaluation, probe, scoring
from ftbench.training.corpus import EvaluationSet
from ftbench.training.watch import Diverged
from tests.conftest import NEIGHBOURS
from tests.training.conftest import Bench
from tests.training.performed import done

MNLI = tasks.find("mnli")

#: Right rows of the set by what a constant predictor says: entailment, neutral, contradiction; and all rows.
COUNTS = {
    "sick": ((143, 281, 71), 495),
    "scitail": ((657, 647, 647), 1304),
    "rte": ((146, 131, 131), 277),
    "snli": ((3329, 3235, 3278), 9842),
}
#: Right rows where the number of words of the hypothesis, modulo 3, is what is predicted.
BY_LENGTH = {"sick": 167, "scitail": 585, "rte": 145}


@pytest.fixture
def data() -> Path:
    found = list(NEIGHBOURS.glob("*/data/SICK/SICK.txt"))
    if not found:
        pytest.skip("no data in the official layout here")
    return found[0].parents[1]


def rows(name: str, data: Path) -> Any:
    task = tasks.find(name).with_sets("dev")
    return sources.read(task, "dev", sources.locate(task, data))


def accuracy(name: str, predicted: np.ndarray, labels: list[int]) -> float:
    logits = np.eye(3, dtype=np.float32)[predicted] * 5
    target = tasks.find(name)
    found = evaluation.scored(target, scoring.counted(logits, MNLI, target), np.asarray(labels, float))
    return found["accuracy"]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("predicted", [0, 1, 2])
def test_a_constant_predictor_is_right_as_often_as_counted(name: str, predicted: int, data: Path) -> None:
    right, everything = COUNTS[name]
    labels = rows(name, data).labels
    assert len(labels) == everything
    constant = np.full(everything, predicted)
    assert accuracy(name, constant, labels) == pytest.approx(right[predicted] / everything)


def by_length(name: str, data: Path) -> tuple[int, int]:
    """Right rows of the predictor by length, read from the files without ftbench."""
    right = total = 0
    path, label, text = {
        "sick": ("SICK/SICK.txt", 3, 2),
        "scitail": ("SciTail/dev.tsv", 2, 1),
        "rte": ("RTE/dev.tsv", 3, 2),
    }[name]
    for number, line in enumerate((data / path).read_text(encoding="utf-8").split("\n")):
        cells = line.split("\t")
        if len(cells) < 3 or (number == 0 and name != "scitail") or (name == "sick" and cells[11] != "TRIAL"):
            continue
        guess = len(cells[text].split()) % 3
        gold = cells[label].lower()
        if name == "sick":
            right += ("entailment", "neutral", "contradiction")[guess] == gold
        else:
            right += (guess == 0) == (gold in ("entails", "entailment"))
        total += 1
    return right, total


@pytest.mark.parametrize("name", BY_LENGTH)
def test_a_predictor_by_length_is_right_as_often_as_counted(name: str, data: Path) -> None:
    found = rows(name, data)
    right, total = by_length(name, data)
    assert (right, total) == (BY_LENGTH[name], len(found))
    predicted = np.asarray([len(text.split()) % 3 for text in found.texts[1]])
    assert accuracy(name, predicted, found.labels) == pytest.approx(right / total)


def test_the_largest_class_decides_and_nothing_is_added_up() -> None:
    """Neutral and contradiction together are likelier than entailment, which still is the prediction."""
    logits = np.asarray([[1.0, 0.9, 0.9]], dtype=np.float32)
    assert scoring.counted(logits, MNLI, tasks.find("rte")).argmax(-1).tolist() == [0]


@pytest.mark.parametrize(("model", "target"), [("rte", "sick"), ("cola", "rte"), ("stsb", "toy-sim")])
def test_labels_that_do_not_fit_are_refused(model: str, target: str) -> None:
    task = tasks.find(model)
    with pytest.raises(DataError, match=f"a model of {model} does not predict the labels of {target}"):
        scoring.counted(np.zeros((1, task.outputs), np.float32), task, tasks.find(target))


def scorer(logits: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> scoring.Scorer:
    """A model of MNLI that predicts these logits on four rows of RTE."""
    labels = np.asarray([0.0, 1.0, 1.0, 1.0])
    chosen = EvaluationSet("rte:dev", tasks.find("rte"), "dev", data=Any, labels=labels)  # type: ignore[arg-type]
    corpus: Any = SimpleNamespace(evaluation=lambda name: chosen)
    monkeypatch.setattr(evaluation, "predict", lambda *given: logits)
    job = Job("tiny", "r", "mnli", "r", ("dev", "rte:dev"), "vanilla", {}, 0)
    return scoring.Scorer(torch.nn.Linear(1, 1), corpus, job, MNLI)


def test_a_score_on_another_task_is_of_its_classes_and_the_logits_stay_the_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 2, 1, 0]]
    scored = scorer(logits, monkeypatch).score("rte:dev")
    assert scored.metrics["accuracy"] == 0.75 and np.array_equal(scored.logits, logits)


def test_predictions_that_are_not_finite_have_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Diverged, match="predictions on rte:dev are not finite"):
        scorer(np.full((4, 3), np.nan, np.float32), monkeypatch).score("rte:dev")


# -- probes -----------------------------------------------------------------------------------------------


def scored_on(job: Job, *names: str) -> Job:
    others = {name: toy.REVISION for name in names}
    return dataclasses.replace(job, evaluation=("dev", *names), others=others)


def values(job: Job) -> dict[tuple[str, str], float]:
    found = {(s["evaluation"], s["metric"]): s["value"] for s in done(job).of("score")}
    return {at: value for at, value in found.items() if at[0] != "train"}


def test_a_job_scores_its_own_set_as_without_the_others(bench: Bench) -> None:
    job = bench.job("vanilla", steps=30)
    names = ("toy-para:dev@linear", "toy-para:dev@logistic", "toy-sim:dev@logistic")
    plain, more = values(job), values(scored_on(job, *names))
    assert {k: v for k, v in more.items() if k[0] == "dev"} == plain
    assert {k[0] for k in more} == {"dev", *names}
    assert ("toy-sim:dev@logistic", "spearman") in more


def test_a_probe_repeats_itself_and_only_the_linear_one_depends_on_the_seed() -> None:
    generator = np.random.default_rng(0)
    train, test = (generator.normal(size=(n, 6)).astype(np.float32) for n in (1000, 50))
    labels = (train[:, 0] > 0).astype(float)
    task = tasks.find("rte")

    def linear(**seeds: int) -> Any:
        return probe.linear_head(train, labels, test, task, lambda stream: seeds.get(stream, 0))

    first, again, head, order = linear(), linear(dropout=1), linear(head=1), linear(order=1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, head) and not np.array_equal(first, order)
    for logits in (first, probe.logistic_regression(train, labels, test, task)):
        assert (logits.argmax(-1) == (test[:, 0] > 0)).mean() > 0.9


def test_the_logistic_regression_is_at_its_minimum() -> None:
    """The gradient of the penalised loss, written out, is zero at what was found."""
    generator = np.random.default_rng(1)
    train = generator.normal(size=(80, 3)).astype(np.float32)
    labels = (generator.random(80) < 1 / (1 + np.exp(-2 * train[:, 1]))).astype(float)
    logits = probe.logistic_regression(train, labels, train, tasks.find("rte"))
    scaled = (train - train.mean(0)) / train.std(0)
    chance = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    residual = chance - np.eye(2)[labels.astype(int)]
    inputs = np.hstack([scaled, np.ones((80, 1))])
    weights = np.linalg.lstsq(inputs, logits, rcond=None)[0]
    gradient = inputs.T @ residual + np.vstack([weights[:3], np.zeros(2)])
    assert np.abs(gradient).max() < 0.01


def test_a_feature_that_never_changes_counts_for_nothing() -> None:
    train = np.random.default_rng(3).normal(size=(40, 2)).astype(np.float32)
    labels = (train[:, 0] > 0).astype(float)
    wider = np.hstack([train, np.full((40, 1), 7, np.float32)])
    found = [probe.logistic_regression(rows, labels, rows, tasks.find("rte")) for rows in (train, wider)]
    assert np.isfinite(found[1]).all() and np.allclose(*found, atol=1e-3)


def test_a_ridge_regression_is_the_closed_form() -> None:
    generator = np.random.default_rng(2)
    train = generator.normal(size=(60, 4)).astype(np.float32)
    labels = train @ np.asarray([1.0, -2.0, 0.0, 0.5]) + 3
    found = probe.logistic_regression(train, labels, train, tasks.find("stsb"))[:, 0]
    scaled = (train - train.mean(0)) / train.std(0)
    weights = np.linalg.solve(2 * scaled.T @ scaled + np.eye(4), 2 * scaled.T @ (labels - labels.mean()))
    assert np.allclose(found, scaled @ weights + labels.mean(), atol=1e-3)


def test_features_are_what_the_head_reads_in_the_order_of_the_rows(bench: Bench) -> None:
    trainer = bench.trainer(bench.job("mixout", steps=2))
    model = trainer.method.fit(trainer)
    chosen = trainer._corpus.evaluation("dev")
    wanted = list(range(40))
    found = probe.features(model, chosen.data, wanted, 2, "fp32")
    batch = chosen.data.gather(wanted, torch.zeros(40))
    model.eval()
    with torch.no_grad():
        expected = model.bert(**batch.inputs).pooler_output
    assert np.allclose(found, expected.numpy(), atol=1e-5)


def test_the_head_of_a_probe_is_drawn_from_its_own_stream() -> None:
    assert stream_seed("head", "rte", 0, "probe") != stream_seed("head", "rte", 0)
