"""How far the runs of a task lie apart."""

from __future__ import annotations

import numpy as np

from ftbench.stats.aggregate import FloatArray, count
from ftbench.stats.statistics._statistic import Statistic
from ftbench.stats.statistics.mean import mean


def std(scores: FloatArray) -> FloatArray:
    """The sample standard deviation (ddof 1) over each task's runs; NaN for fewer than two.

    Args:
        scores: (seeds, tasks).
    """
    n = count(scores)
    squares = np.where(np.isfinite(scores), scores - mean(scores), 0.0) ** 2
    return np.where(n > 1, np.sqrt(squares.sum(axis=0) / np.maximum(n - 1, 1)), np.nan)  # (tasks,)


STATISTIC = Statistic("standard deviation", std, detail="ddof 1", level=False)
