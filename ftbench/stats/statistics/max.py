"""The best run of a task."""

from __future__ import annotations

import numpy as np

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.statistics._statistic import Statistic


def maximum(scores: FloatArray) -> FloatArray:
    """The best of the runs that each task has; NaN for a task without any.

    Args:
        scores: (seeds, tasks).
    """
    best = np.where(np.isfinite(scores), scores, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(np.isfinite(best), best, np.nan)  # (tasks,)


STATISTIC = Statistic("max", maximum)
