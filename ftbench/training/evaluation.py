"""Predictions of a model over a set of rows, and the metrics of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ftbench.domain.task import TaskSpec
from ftbench.run.calling import HALF
from ftbench.run.data import Tokenised

TOKENS_PER_BATCH = 4096


def predict(
    model: nn.Module, data: Tokenised, rows: Sequence[int], outputs: int, precision: str = "fp32"
) -> NDArray[np.float32]:
    """The logits of every row: one pass without dropout, in large batches sorted by length.

    Args:
        model: put into evaluation mode, and back into its mode afterwards.
        data: tokenised rows.
        rows: original row numbers, in the order of the result.
        outputs: width of the head.
        precision: of the recipe.

    Returns:
        Shape (rows, outputs).
    """
    lengths = np.asarray(data.lengths)[[data.place(int(r)) for r in rows]]
    order = prediction_order(data, rows)
    logits = np.zeros((len(rows), outputs), dtype=np.float32)
    was_training = model.training
    model.eval()
    start = 0
    with (
        torch.inference_mode(),
        torch.autocast(data.device.type, HALF.get(precision), enabled=precision in HALF),
    ):
        while start < len(order):
            size = max(1, TOKENS_PER_BATCH // int(lengths[order[start]]))
            part = order[start : start + size]
            batch = data.gather([int(rows[i]) for i in part], torch.zeros(len(part)))
            logits[part] = model(**batch.inputs).logits.float().reshape(len(part), outputs).cpu().numpy()
            start += size
    model.train(was_training)
    return logits


def prediction_order(data: Tokenised, rows: Sequence[int]) -> NDArray[np.int64]:
    """The order in which ``predict`` goes through rows: the longest first; positions in ``rows``."""
    lengths = np.asarray(data.lengths)[[data.place(int(r)) for r in rows]]
    return np.argsort(-lengths, kind="stable")


def metrics(task: TaskSpec, logits: NDArray[np.float32], labels: NDArray[np.float64]) -> dict[str, float]:
    """Every metric that the task's kind has, as fractions; a constant prediction correlates 0.

    Args:
        task: classification: accuracy, accuracy_label1 (recall of class 1), with two classes f1 (of class 1)
            and matthews; regression: pearson, spearman, mse.
        logits: shape (rows, outputs).
        labels: class numbers or numbers, shape (rows,).
    """
    if task.regression:
        return _regression(logits.reshape(-1).astype(np.float64), labels.astype(np.float64))
    predicted, gold = logits.argmax(-1), labels.astype(np.int64)
    found: dict[str, float] = {"accuracy": float((predicted == gold).mean())}
    ones = gold == 1
    if ones.any():
        found["accuracy_label1"] = float((predicted[ones] == 1).mean())
    if task.outputs == 2:
        found["f1"], found["matthews"] = _binary(predicted, gold)
    return found


def explained(task: TaskSpec, logits: NDArray[np.float32], labels: NDArray[np.float64]) -> float | None:
    """The share of the best constant prediction's loss that predictions take away.

    1 - loss / loss of that constant: in regression R², in classification McFadden's (1974) with the shares of
    the classes as the constant. A constant prediction has at most 0, whatever it predicts.

    Args:
        task: its loss: mean cross-entropy, or the mean squared error.
        logits: shape (rows, outputs).
        labels: class numbers or numbers, shape (rows,).

    Returns:
        At most 1; None where all labels are the same, so that a constant has no loss.
    """
    if task.regression:
        gold = labels.astype(np.float64)
        loss, constant = float(((logits.reshape(-1) - gold) ** 2).mean()), float(gold.var())
    else:
        classes, scores = labels.astype(np.int64), logits.astype(np.float64)
        shifted = scores - scores.max(axis=-1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))  # (rows, outputs)
        shares = np.bincount(classes) / len(classes)
        loss = -float(log_p[np.arange(len(classes)), classes].mean())
        constant = -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
    return 1 - loss / constant if constant > 0 else None


def _binary(predicted: NDArray[np.int64], gold: NDArray[np.int64]) -> tuple[float, float]:
    tp = float(((predicted == 1) & (gold == 1)).sum())
    tn = float(((predicted == 0) & (gold == 0)).sum())
    fp = float(((predicted == 1) & (gold == 0)).sum())
    fn = float(((predicted == 0) & (gold == 1)).sum())
    f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    spread = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return f1, (tp * tn - fp * fn) / spread if spread else 0.0


def _regression(predicted: NDArray[np.float64], gold: NDArray[np.float64]) -> dict[str, float]:
    from scipy.stats import rankdata

    return {
        "pearson": _correlation(predicted, gold),
        "spearman": _correlation(rankdata(predicted), rankdata(gold)),
        "mse": float(((predicted - gold) ** 2).mean()),
    }


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-12 else 0.0
