"""Metrics against numbers worked out by hand, and predictions that depend on no grouping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from ftbench import tasks
from ftbench.run.data import Tokenised
from ftbench.training import evaluation
from ftbench.training.evaluation import predict, scored
from tests.nn.transformers_small import small

COLA, MNLI, STSB = (tasks.find(name) for name in ("cola", "mnli", "stsb"))


def classes(task: Any, predicted: list[int], gold: list[int]) -> dict[str, float]:
    logits = np.eye(task.outputs, dtype=np.float32)[predicted]
    return scored(task, logits, np.asarray(gold, dtype=np.float64))


def scores(predicted: list[float], gold: list[float]) -> dict[str, float]:
    return scored(STSB, np.asarray(predicted, dtype=np.float32)[:, None], np.asarray(gold))


# -- metrics ----------------------------------------------------------------------------------------------


def test_two_classes_by_hand() -> None:
    # 3 true positives, 1 false negative, 2 false positives, 4 true negatives
    found = classes(COLA, [1, 1, 1, 0, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    assert found == pytest.approx(
        {
            "accuracy": 0.7,
            "accuracy_label1": 3 / 4,
            "f1": 2 * 3 / (2 * 3 + 2 + 1),
            "matthews": (3 * 4 - 2 * 1) / math.sqrt(5 * 4 * 6 * 5),
        }
    )


def test_three_classes_by_hand() -> None:
    found = classes(MNLI, [0, 1, 2, 2, 1], [0, 1, 1, 2, 1])
    assert found == pytest.approx({"accuracy": 0.8, "accuracy_label1": 2 / 3})


@pytest.mark.parametrize("only", [0, 1])
def test_a_constant_class_correlates_0(only: int) -> None:
    found = classes(COLA, [only] * 4, [1, 0, 1, 1])
    assert found["matthews"] == 0.0
    assert found["f1"] == pytest.approx(6 / 7 if only else 0.0)
    assert found["accuracy_label1"] == only


def test_all_right_and_all_wrong() -> None:
    assert set(classes(COLA, [1, 0, 1], [1, 0, 1]).values()) == {1.0}
    wrong = classes(COLA, [0, 1, 0], [1, 0, 1])
    assert wrong == {"accuracy": 0.0, "accuracy_label1": 0.0, "f1": 0.0, "matthews": -1.0}


def test_recall_of_a_class_that_does_not_occur_is_left_out() -> None:
    assert "accuracy_label1" not in classes(COLA, [0, 1], [0, 0])


def test_regression_by_hand() -> None:
    found = scores([1.0, 2.0, 4.0], [1.0, 3.0, 2.0])
    # centred: (-4/3, -1/3, 5/3) and (-1, 1, 0); ranks 1 2 3 and 1 3 2
    pearson = (4 / 3 - 1 / 3) / math.sqrt((16 + 1 + 25) / 9 * 2)
    assert found == pytest.approx({"pearson": pearson, "spearman": 0.5, "mse": 5 / 3})


def test_what_is_explained_by_hand() -> None:
    # Three rows of class 0 and one of class 1: a constant's loss is -(3 ln ¾ + ln ¼) / 4 = 0.5623.
    task, labels = tasks.find("rte"), np.array([0.0, 0.0, 0.0, 1.0])
    constant = np.tile(np.log([0.75, 0.25]), (4, 1)).astype(np.float32)
    assert evaluation.explained(task, constant, labels) == pytest.approx(0.0, abs=1e-6)
    right = np.log([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]]).astype(np.float32)
    assert evaluation.explained(task, right + 7, labels) == pytest.approx(1 - -np.log(0.9) / 0.562335)
    assert evaluation.explained(task, right, np.zeros(4)) is None


def test_what_is_explained_in_regression_is_r_squared() -> None:
    rng = np.random.default_rng(0)
    gold = rng.normal(3, 1, 50)
    fitted = stats.linregress(x := gold + rng.normal(0, 1, 50), gold)
    predicted = (fitted.intercept + fitted.slope * x).astype(np.float32)[:, None]
    found = evaluation.explained(tasks.find("stsb"), predicted, gold)
    assert found == pytest.approx(fitted.rvalue**2, abs=1e-5)
    assert evaluation.explained(tasks.find("stsb"), np.full((50, 1), 3.0, np.float32), gold) < 0


@pytest.mark.parametrize("task", ["rte", "mnli"])
def test_no_constant_prediction_explains_anything(task: str) -> None:
    rng = np.random.default_rng(1)
    classes = tasks.find(task).outputs
    for _ in range(50):
        labels = rng.integers(classes, size=40).astype(np.float64)
        same = np.tile(rng.normal(0, 1, classes), (40, 1)).astype(np.float32)
        assert evaluation.explained(tasks.find(task), same, labels) <= 1e-6


def test_tied_scores_share_their_rank() -> None:
    predicted, gold = [1.0, 1.0, 2.0, 5.0, 5.0], [0.0, 1.0, 1.0, 4.0, 3.0]
    found = scores(predicted, gold)
    assert found["spearman"] == pytest.approx(stats.spearmanr(predicted, gold).statistic)
    assert found["pearson"] == pytest.approx(stats.pearsonr(predicted, gold).statistic)


@pytest.mark.parametrize("rows", [3, 1500, 40000])
@pytest.mark.parametrize("value", [0.0, 0.1, 2.3456, 1e6])
def test_a_constant_score_correlates_0_however_many_rows(rows: int, value: float) -> None:
    gold = np.random.default_rng(0).uniform(0, 5, rows).tolist()
    found = scores([value] * rows, gold)
    assert found["pearson"] == 0.0 and found["spearman"] == 0.0


def test_scores_that_differ_little_still_correlate() -> None:
    gold = [0.0, 1.0, 2.0, 5.0]
    found = scores([1 + 1e-6 * g for g in gold], gold)
    assert found["spearman"] == pytest.approx(1.0) and found["pearson"] > 0.99


# -- predictions ------------------------------------------------------------------------------------------


def rows_of(count: int = 11) -> Tokenised:
    rng = np.random.default_rng(0)
    ids = [rng.integers(3, 30, size=n).tolist() for n in rng.integers(2, 20, size=count)]
    return Tokenised({"input_ids": ids}, [5 * i for i in range(count)], 0, "right", torch.device("cpu"))


def one_by_one(model: nn.Module, data: Tokenised, rows: list[int], outputs: int) -> np.ndarray:
    model.eval()
    with torch.no_grad():
        found = [model(**data.gather([r], torch.zeros(1)).inputs).logits for r in rows]
    model.train()
    return torch.cat(found).reshape(len(rows), outputs).numpy()


@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("budget", [1, 30, 4096])
def test_predictions_are_those_of_each_row_in_the_order_asked_for(
    outputs: int, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "TOKENS_PER_BATCH", budget)
    model, data = small("bert", outputs), rows_of()
    rows = [25, 0, 50, 5, 45, 10, 10]
    found = predict(model, data, rows, outputs)
    assert found.shape == (7, outputs) and found.dtype == np.float32
    np.testing.assert_allclose(found, one_by_one(model, data, rows, outputs), atol=2e-6)
    assert len({tuple(row) for row in found.tolist()}) == 6


def test_batches_hold_no_more_than_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "TOKENS_PER_BATCH", 40)
    model, data, sizes = small("bert"), rows_of(), []
    model.register_forward_pre_hook(
        lambda _m, _a, kw: sizes.append(kw["input_ids"].numel()), with_kwargs=True
    )
    predict(model, data, [5 * i for i in range(11)], 2)
    assert len(sizes) < 11 and max(sizes) <= 40


@pytest.mark.parametrize("training", [True, False])
def test_predicting_uses_no_dropout_moves_no_generator_and_restores_the_mode(training: bool) -> None:
    model, data = small("bert", hidden_dropout_prob=0.5).train(training), rows_of()
    state = torch.get_rng_state()
    one, two = predict(model, data, [0, 5], 2), predict(model, data, [0, 5], 2)
    assert np.array_equal(one, two) and torch.equal(state, torch.get_rng_state())
    assert model.training is training and model.bert.training is training


def test_bf16_predictions_are_near_and_float32() -> None:
    model, data = small("bert"), rows_of()
    full, half = (predict(model, data, [0, 5, 10], 2, precision) for precision in ("fp32", "bf16"))
    assert half.dtype == np.float32 and not np.array_equal(full, half)
    np.testing.assert_allclose(full, half, atol=0.05)
