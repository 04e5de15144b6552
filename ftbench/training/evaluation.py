"""Predictions of a model over a set of rows, and the metrics of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ftbench.domain.task import TaskSpec
from ftbench.metrics import fitting
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


def scored(task: TaskSpec, logits: NDArray[np.float32], labels: NDArray[Any]) -> dict[str, float]:
    """The metrics that every run of a task's kind is scored by, and the one that it reports.

    Args:
        task: decides which fit.
        logits: shape (rows, outputs).
        labels: as they lie in memory, a row for each.
    """
    chosen = [one for one in fitting(task) if one.stored or one.name() == task.metric]
    wide = logits.astype(np.float64)
    found = {one.name(): one.score(wide, labels) for one in chosen}
    return {name: value for name, value in found.items() if not math.isnan(value)}


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
