"""The interquartile mean: neither the best nor the worst runs of a task tell."""

from __future__ import annotations

from functools import cache

import numpy as np

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.statistics._statistic import Statistic


def middle(runs: FloatArray) -> float:
    """The mean of the middle half; a run that the cut goes through counts with the part inside.

    Three runs have the weights 1/4, 1, 1/4; cutting whole runs alone, it would be the plain mean up to three.

    Args:
        runs: (runs,), none missing; NaN where there is none.
    """
    return float(np.sort(runs) @ _weights(len(runs))) if len(runs) else float("nan")


@cache
def _weights(n: int) -> FloatArray:
    """Of so many runs in ascending order; they sum to 1."""
    below = np.arange(n)
    inside = np.clip(np.minimum(below + 1, n - below) - n / 4, 0.0, 1.0)
    shares: FloatArray = inside / inside.sum()
    return shares


def iqm(scores: FloatArray) -> FloatArray:
    """The mean of the middle half of each task's runs: (tasks,); NaN for a task without any.

    Args:
        scores: (seeds, tasks).
    """
    return np.array([middle(column[np.isfinite(column)]) for column in scores.T])


STATISTIC = Statistic("interquartile mean", iqm)
