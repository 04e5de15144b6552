"""The mean over the runs of a task."""

from __future__ import annotations

import numpy as np

from ftbench.stats.aggregate import FloatArray, count
from ftbench.stats.statistics._statistic import Statistic


def mean(scores: FloatArray) -> FloatArray:
    """The mean over the runs that each task has; NaN for a task without any.

    Args:
        scores: (seeds, tasks).
    """
    n = count(scores)
    total = np.where(np.isfinite(scores), scores, 0.0).sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)  # (tasks,)


STATISTIC = Statistic("mean", mean)
