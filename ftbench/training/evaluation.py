"""Predictions of a model over a set of rows, and the metrics of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ftbench.domain.task import MULTI_LABEL, NO_LABEL, TaskSpec
from ftbench.metrics import fitting
from ftbench.metrics.entity_f1 import OUTSIDE
from ftbench.run.calling import HALF
from ftbench.run.data import Batch, Tokenised
from ftbench.tasks.rows import logits_by_row

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
    logits = np.zeros((len(rows), outputs), dtype=np.float32)
    for part, _, found in _passes(model, data, rows, None, precision):
        logits[part] = found.reshape(len(part), outputs).cpu().numpy()
    return logits


def predict_words(
    model: nn.Module,
    data: Tokenised,
    rows: Sequence[int],
    labels: NDArray[np.float64],
    task: TaskSpec,
    precision: str = "fp32",
) -> NDArray[np.float32]:
    """The logits of every labelled word, row by row.

    A word that was cut off has 1 for the tag ``O`` (without one, for the first tag) and 0 for the others.

    Args:
        model: as in ``predict``.
        data: tokenised rows.
        rows: original row numbers.
        labels: of their words, shape (rows, words).
        task: whose tags they are.
        precision: of the recipe.

    Returns:
        Shape (labelled words, tags).
    """
    labelled = labels != NO_LABEL
    logits = np.zeros((int(labelled.sum()), task.outputs), dtype=np.float32)
    logits[:, task.labels.index(OUTSIDE) if OUTSIDE in task.labels else 0] = 1
    # In the place of its label, each word has the number of its line in the result.
    lines = np.where(labelled, np.cumsum(labelled).reshape(labels.shape) - 1, NO_LABEL)
    for _, batch, found in _passes(model, data, rows, torch.from_numpy(lines), precision):
        logits[batch.labels.cpu().numpy()] = batch.predictions(found).cpu().numpy()
    return logits


def predict_task(
    model: nn.Module,
    data: Tokenised,
    rows: Sequence[int],
    labels: NDArray[np.float64],
    task: TaskSpec,
    precision: str = "fp32",
) -> NDArray[np.float32]:
    """What ``predict_words`` gives where words are labelled, else what ``predict`` gives."""
    if task.by_word:
        return predict_words(model, data, rows, labels, task, precision)
    return predict(model, data, rows, task.outputs, precision)


def _passes(
    model: nn.Module, data: Tokenised, rows: Sequence[int], labels: Tensor | None, precision: str
) -> Iterator[tuple[NDArray[np.int64], Batch, Tensor]]:
    """Places in ``rows``, their batch, and the model's logits in float32, for large batches by length."""
    lengths = np.asarray(data.lengths)[[data.place(int(r)) for r in rows]]
    order = prediction_order(data, rows)
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
            given = torch.zeros(len(part)) if labels is None else labels[part].to(data.device)
            batch = data.gather([int(rows[i]) for i in part], given)
            yield part, batch, model(**batch.inputs).logits.float()
            start += size
    model.train(was_training)


def prediction_order(data: Tokenised, rows: Sequence[int]) -> NDArray[np.int64]:
    """The order in which ``predict`` goes through rows: the longest first; positions in ``rows``."""
    lengths = np.asarray(data.lengths)[[data.place(int(r)) for r in rows]]
    return np.argsort(-lengths, kind="stable")


def scored(task: TaskSpec, logits: NDArray[np.float32], labels: NDArray[Any]) -> dict[str, float]:
    """The metrics that every run of a task's kind is scored by, and the one that it reports.

    Args:
        task: decides which fit.
        logits: shape (rows, outputs), or (labelled words, tags).
        labels: as ``label_array`` gives them.
    """
    chosen = [one for one in fitting(task) if one.stored or one.name() == task.metric]
    wide = logits_by_row(task, logits.astype(np.float64), labels)
    found = {one.name(): one.score(wide, labels) for one in chosen}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def explained(task: TaskSpec, logits: NDArray[np.float32], labels: NDArray[np.float64]) -> float | None:
    """The share of the best constant prediction's loss that predictions take away.

    1 - loss / loss of that constant: in regression R², in classification McFadden's (1974) with the shares of
    the classes as the constant; of several labels each has its own share, and words are rows. A constant
    prediction has at most 0, whatever it predicts.

    Args:
        task: its loss: mean cross-entropy, or the mean squared error.
        logits: shape (rows, outputs), or (labelled words, tags).
        labels: as ``label_array`` gives them.

    Returns:
        At most 1; None where all labels are the same, so that a constant has no loss.
    """
    if task.regression:
        gold = labels.astype(np.float64)
        loss, constant = float(((logits.reshape(-1) - gold) ** 2).mean()), float(gold.var())
    elif task.kind == MULTI_LABEL:
        z, ones = logits.astype(np.float64), labels.astype(np.float64)
        loss, shares = float((np.logaddexp(0, z) - ones * z).mean()), ones.mean(axis=0)
        both = np.stack([shares, 1 - shares])
        constant = -float((both * np.log(np.where(both > 0, both, 1))).sum(axis=0).mean())
    else:
        classes, scores = labels[labels != NO_LABEL].astype(np.int64), logits.astype(np.float64)
        shifted = scores - scores.max(axis=-1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))  # (rows, outputs)
        shares = np.bincount(classes) / len(classes)
        loss = -float(log_p[np.arange(len(classes)), classes].mean())
        constant = -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
    return 1 - loss / constant if constant > 0 else None
