"""Rows that count several times, as they do in a bootstrap sample, or not at all, as in a jackknife."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ftbench.stats.aggregate import FloatArray

Counts = npt.NDArray[np.int64]
Resampled = Callable[[FloatArray, FloatArray, Counts], FloatArray]
"""What a metric sees of predictions, (rows,) or (rows, parts), labels and times (samples, rows)."""


def kinds(labels: FloatArray, *seen: FloatArray) -> tuple[FloatArray, list[FloatArray], Counts]:
    """Rows that are alike taken together: the labels and predictions of each kind, and how many rows it has.

    Args:
        labels: (rows,) or (rows, parts).
        seen: predictions of the same rows, of several runs.
    """
    parts = [one.reshape(len(labels), -1).T for one in (labels, *seen)]
    apart, times = np.unique(np.concatenate(parts), axis=1, return_counts=True)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    own, *others = np.split(apart, ends)
    shaped = [found.T if one.ndim > 1 else found[0] for one, found in zip(seen, others, strict=True)]
    return (own.T if labels.ndim > 1 else own[0]), shaped, times
