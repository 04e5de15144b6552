"""Counts, averages and differences of (seeds, tasks) arrays; NaN is a run that is missing.

Nothing here warns, and nothing turns a missing run into a number: what cannot be computed is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def count(scores: FloatArray) -> IntArray:
    """The number of runs of each task.

    Args:
        scores: (seeds, tasks).
    """
    counted: IntArray = np.isfinite(scores).sum(axis=0, dtype=np.int64)  # (tasks,)
    return counted


def average(per_task: FloatArray) -> float:
    """The unweighted mean over tasks; NaN where a task has no value, or there is no task.

    Args:
        per_task: (tasks,).
    """
    return float(per_task.mean()) if per_task.size and np.isfinite(per_task).all() else float("nan")


def present(scores: FloatArray) -> FloatArray:
    """The columns of the tasks that have at least one run.

    Args:
        scores: (seeds, tasks).
    """
    return scores[:, count(scores) > 0]


def shared(methods: Sequence[FloatArray]) -> BoolArray:
    """Which runs every method has: (seeds, tasks).

    Args:
        methods: one (seeds, tasks) array a method, all of one shape.
    """
    everywhere: BoolArray = np.logical_and.reduce([np.isfinite(m) for m in methods])
    return everywhere


def only(scores: FloatArray, which: BoolArray) -> FloatArray:
    """The scores of some runs, the others missing.

    Args:
        scores: (seeds, tasks).
        which: (seeds, tasks).
    """
    return np.where(which, scores, np.nan)


def difference(left: FloatArray, right: FloatArray) -> FloatArray:
    """``left - right`` run by run, over the runs that both have; the others are missing.

    Args:
        left: (seeds, tasks).
        right: (seeds, tasks), the same seeds and tasks.
    """
    both = np.isfinite(left) & np.isfinite(right)
    paired: FloatArray = np.subtract(left, right, out=np.full(left.shape, np.nan), where=both)
    return paired


def tallies(places: IntArray, n: int) -> FloatArray:
    """How often each of ``n`` places is drawn in each resample: (resamples, draws) -> (resamples, n).

    The mean of a resample is a row of them times the values: many times faster than gathering the values.
    """
    own = places + n * np.arange(len(places))[:, None]
    return np.bincount(own.ravel(), minlength=len(places) * n).reshape(-1, n).astype(np.float64)
