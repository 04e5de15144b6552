"""The run of a task that stands in the middle."""

from __future__ import annotations

import numpy as np

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.statistics._statistic import Statistic


def median(scores: FloatArray) -> FloatArray:
    """The median of the runs that each task has; NaN for a task without any.

    Args:
        scores: (seeds, tasks).
    """
    runs = [np.sort(column[np.isfinite(column)]) for column in scores.T]
    return np.array([np.median(column) if len(column) else np.nan for column in runs])  # (tasks,)


STATISTIC = Statistic("median", median)
