"""What metrics are computed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ftbench.metrics.base import Floats, Labels, Times


def answers(logits: Floats) -> Floats:
    """The class of each row: that of the largest logit, the first of several; (rows, outputs) -> (rows,)."""
    found: Floats = logits.argmax(axis=1).astype(np.float64)
    return found


def given_labels(logits: Floats) -> Floats:
    """Which labels each row is given: 1 where the probability is above ½, else 0; (rows, labels)."""
    return (logits > 0).astype(np.float64)


def answered_tags(logits: Floats) -> Floats:
    """The tag of each word: (rows, words, tags) -> (rows, words)."""
    found: Floats = logits.argmax(axis=-1).astype(np.float64)
    return found


def predicted_numbers(logits: Floats) -> Floats:
    """The number that is predicted for each row: (rows, 1) -> (rows,)."""
    return logits.reshape(len(logits)).astype(np.float64)


def log_probabilities(logits: Floats) -> Floats:
    """The logarithm of the softmax: (rows, classes)."""
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(axis=1, keepdims=True)
    found: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found


def certainty(logits: Floats) -> Floats:
    """The probability of the class that is answered: (rows, classes) -> (rows,)."""
    found: Floats = np.exp(log_probabilities(logits).max(axis=1))
    return found


def log_odds(logits: Floats) -> Floats:
    """The logarithm of p / (1 - p) of each class: rows in the order of p, also where that is 1 in its digits.

    (rows, classes) -> (rows, classes).
    """
    wide = logits.astype(np.float64)
    found = np.empty_like(wide)
    for one in range(wide.shape[1]):
        others = np.delete(wide, one, axis=1)
        highest = others.max(axis=1)
        found[:, one] = wide[:, one] - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1))
    return found


def is_class(labels: Labels, classes: int) -> NDArray[np.bool_]:
    """Whether a row is of a class: (rows,) -> (rows, classes)."""
    found: NDArray[np.bool_] = labels.astype(np.int64)[:, None] == np.arange(classes)
    return found


def ratio(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """A quotient, 0 where it would be by 0; of one shape."""
    found: Floats = np.divide(above, below, out=np.zeros(np.shape(below)), where=below > 0)
    return found


def confusion(seen: Floats, labels: Labels, times: Times) -> tuple[Times, Times, Times, Times]:
    """Rows of class 1 found, and missed; others called 1, and not: how many, each (samples,)."""
    found, right = seen == 1, labels == 1
    hits, missed = times @ (found & right), times @ (~found & right)
    return hits, missed, times @ (found & ~right), times @ (~found & ~right)


def counts_by_class(seen: Floats, labels: Labels, times: Times) -> tuple[Times, Times, Times]:
    """Rows of each class, those called so, and those of them that are right: each (samples, classes)."""
    classes = 1 + int(max(seen.max(), labels.max()))
    rows, called = is_class(labels, classes), is_class(seen, classes)
    return times @ rows, times @ called, times @ (rows & called)


def middle_ranks(values: Floats, times: Times) -> Floats:
    """The rank of each row in each sample, less the mean rank: (samples, rows)."""
    _, places = np.unique(values, return_inverse=True)
    order = np.argsort(places, kind="stable")
    starts = np.searchsorted(places[order], np.arange(places.max() + 1))
    counts = np.add.reduceat(times[:, order], starts, axis=1)  # (samples, different values)
    last = counts.cumsum(axis=1)
    found: Floats = (last - (counts - 1) / 2)[:, places] - (last[:, -1:] + 1) / 2
    return found


def standard(values: Floats) -> Floats:
    """Values of mean 0 and spread 1, so that what is lost in differences of moments is little."""
    apart: Floats = values - values.mean()
    spread = float(apart.std())
    return apart / spread if spread > 0 else apart


def correlation(together: Floats, left: Floats, right: Floats) -> Floats:
    """A correlation from a covariance and two variances, 0 with what does not vary; all (samples,)."""
    spread = np.sqrt(np.maximum(left * right, 0.0))
    return ratio(np.where(spread > 1e-12, together, 0.0), spread)


def correlated(left: Floats, right: Floats) -> float:
    """The correlation of the rows as they are, 0 with what does not vary; both (rows,)."""
    a, b = left - left.mean(), right - right.mean()
    norm = float(np.sqrt(float((a * a).sum()) * float((b * b).sum())))
    return float((a * b).sum()) / norm if norm > 1e-12 else 0.0


def descending(values: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of the rows by falling value, and where in it each different value starts."""
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    return order, np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def hits_by_rank(values: Floats, wanted: NDArray[np.bool_], times: Times) -> tuple[Times, Times]:
    """How many rows of each different value are wanted, and are not, from the highest down.

    Args:
        values: (rows,).
        wanted: (rows,).
        times: (samples, rows).

    Returns:
        (samples, different values) each.
    """
    order, starts = descending(values)
    drawn = times[:, order]
    hits = np.add.reduceat(drawn * wanted[order], starts, axis=1)
    return hits, np.add.reduceat(drawn, starts, axis=1) - hits
