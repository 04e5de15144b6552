"""The interquartile mean: neither the best nor the worst runs of a task tell."""

from __future__ import annotations

import numpy as np

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.statistics._statistic import Statistic


def iqm(scores: FloatArray) -> FloatArray:
    """The mean of the middle half of each task's runs, a quarter cut at both ends, rounded down; else NaN.

    Args:
        scores: (seeds, tasks).
    """
    runs = [np.sort(column[np.isfinite(column)]) for column in scores.T]
    middle = [column[len(column) // 4 : len(column) - len(column) // 4] for column in runs]
    return np.array([column.mean() if len(column) else np.nan for column in middle])  # (tasks,)


STATISTIC = Statistic("interquartile mean", iqm)
