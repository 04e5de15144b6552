"""The tasks' metrics of predictions whose rows count several times, as they do in a bootstrap sample.

Each is a function of predictions (rows,), labels (rows,) and times (samples, rows), and gives (samples,).
What a sample leaves undefined is 0, as in the scores: F1 without a hit, a correlation with a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from ftbench.stats.aggregate import FloatArray

Counts = npt.NDArray[np.int64]
Metric = Callable[[FloatArray, FloatArray, Counts], FloatArray]


def accuracy(predicted: FloatArray, labels: FloatArray, times: Counts) -> FloatArray:
    """The share of the rows that are right."""
    return _ratio(times @ (predicted == labels), times.sum(axis=1))


def accuracy_label1(predicted: FloatArray, labels: FloatArray, times: Counts) -> FloatArray:
    """The share of the rows of class 1 that are right."""
    hits, missed, _, _ = _confusion(predicted, labels, times)
    return _ratio(hits, hits + missed)


def f1(predicted: FloatArray, labels: FloatArray, times: Counts) -> FloatArray:
    """The harmonic mean of precision and recall of class 1."""
    hits, missed, wrong, _ = _confusion(predicted, labels, times)
    return _ratio(2 * hits, 2 * hits + wrong + missed)


def matthews(predicted: FloatArray, labels: FloatArray, times: Counts) -> FloatArray:
    """Matthews' correlation of two classes (Matthews 1975, Biochimica et Biophysica Acta 405)."""
    hits, missed, wrong, passed = (count.astype(float) for count in _confusion(predicted, labels, times))
    spread = np.sqrt((hits + wrong) * (hits + missed) * (passed + wrong) * (passed + missed))
    return _ratio(hits * passed - wrong * missed, spread)


def pearson(predicted: FloatArray, labels: FloatArray, times: Counts) -> FloatArray:
    """The correlation of the values."""
    a, b = _standard(predicted), _standard(labels)
    n = times.sum(axis=1)
    first, second = times @ a / n, times @ b / n
    together = times @ (a * b) / n - first * second
    return _correlation(together, times @ a**2 / n - first**2, times @ b**2 / n - second**2)


def spearman(predicted: FloatArray, labels: FloatArray, times: Counts) -> FloatArray:
    """The correlation of the ranks within each sample, equal values sharing the middle one."""
    n = times.sum(axis=1, keepdims=True)
    a, b = (_ranks(values, times) / n for values in (predicted, labels))
    return _correlation(*((times * one * two).sum(axis=1) for one, two in ((a, b), (a, a), (b, b))))


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "accuracy": accuracy,
        "accuracy_label1": accuracy_label1,
        "f1": f1,
        "matthews": matthews,
        "pearson": pearson,
        "spearman": spearman,
    }
)


def _confusion(
    predicted: FloatArray, labels: FloatArray, times: Counts
) -> tuple[Counts, Counts, Counts, Counts]:
    """Rows of class 1 found, and missed; others called 1, and not: how many, each (samples,)."""
    found, right = predicted == 1, labels == 1
    hits, missed = times @ (found & right), times @ (~found & right)
    return hits, missed, times @ (found & ~right), times @ (~found & ~right)


def _ranks(values: FloatArray, times: Counts) -> FloatArray:
    """The rank of each row in each sample, less the mean rank: (samples, rows)."""
    _, places = np.unique(values, return_inverse=True)
    order = np.argsort(places, kind="stable")
    starts = np.searchsorted(places[order], np.arange(places.max() + 1))
    counts = np.add.reduceat(times[:, order], starts, axis=1)  # (samples, different values)
    last = counts.cumsum(axis=1)
    ranks: FloatArray = (last - (counts - 1) / 2)[:, places] - (last[:, -1:] + 1) / 2
    return ranks


def _standard(values: FloatArray) -> FloatArray:
    """Values of mean 0 and spread 1, so that what is lost in differences of moments is little."""
    apart: FloatArray = values - values.mean()
    spread = float(apart.std())
    return apart / spread if spread > 0 else apart


def _correlation(together: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    spread = np.sqrt(np.maximum(left * right, 0.0))
    return _ratio(np.where(spread > 1e-12, together, 0.0), spread)


def _ratio(above: Counts | FloatArray, below: Counts | FloatArray) -> FloatArray:
    """A quotient, 0 where it would be by 0."""
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
