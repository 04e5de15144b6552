"""Mean differences over seeds and tasks whose standard error is not taken to be smaller than the table's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from ftbench.stats.aggregate import BoolArray, FloatArray, IntArray
from ftbench.stats.paired import DIGITS, SMALLEST


@dataclass(frozen=True)
class Means:
    """Mean differences; all (comparisons,), NaN where there is no answer.

    Attributes:
        value: the mean difference.
        error: its standard error.
        df: the degrees of freedom of the error.
        n: the seeds that both have, with every task.
        p: of the t-test, two-sided.
    """

    value: FloatArray
    error: FloatArray
    df: FloatArray
    n: IntArray
    p: FloatArray

    def interval(self, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """The ends of the t interval, which leaves zero out exactly where p is below 1 - level."""
        half = self.error * special.stdtrit(self.df, (1 + level) / 2)
        return self.value - half, self.value + half


def means(differences: FloatArray, used: BoolArray, pools: IntArray) -> Means:
    """t-tests of mean differences over tasks, of which the spread is shared.

    Runs of different tasks are drawn apart (every stream hashes the task), so each task's spread is evidence
    of its own: the variance of the mean is the sum of those of the tasks, with Satterthwaite's (1946,
    Biometrics Bulletin 2) degrees of freedom. It is taken to be at least the pool's: the mean of the
    variances of the seeds' averages. That covers tasks that vary together, and methods whose failures are
    rare enough not to be among their own few runs.

    Args:
        differences: (comparisons, seeds, tasks), NaN where one of the two lacks a run.
        used: (comparisons, tasks) which tasks a comparison is over; a seed counts where it has them all.
        pools: (comparisons,) which of them share a spread, numbered from 0.
    """
    there = seeds_there(differences, used)
    n, size = there.sum(axis=1), np.maximum(used.sum(axis=1), 1)
    kept = there[:, :, None] & used[:, None, :]
    values = np.where(kept, differences, 0.0)  # (comparisons, seeds, tasks)
    whole = values.sum(axis=2, keepdims=True) / size[:, None, None]
    by_task = _variances(values, kept, n) / size[:, None] ** 2  # (comparisons, tasks)
    by_seed = _variances(whole, there[:, :, None], n)[:, 0]
    df: IntArray = np.asarray(np.maximum(n - 1, 1))
    own, testable = by_task.sum(axis=1), n > 1
    own_df: FloatArray = np.maximum(_satterthwaite(by_task, df[:, None]), df)
    pooled, pooled_df = _pooled(by_seed, np.where(testable, df, 0), pools)
    steady = pooled > own
    value = np.round(whole.sum(axis=(1, 2)) / np.maximum(n, 1), DIGITS)
    equal = np.maximum(own, by_seed) < SMALLEST**2
    zero = testable & equal & (value == 0)
    answered: BoolArray = np.asarray(testable & ~equal)
    variance = np.where(answered | (zero & steady), np.maximum(own, pooled), 0.0)
    error = np.where(answered | zero, np.sqrt(variance / np.maximum(n, 1)), np.nan)
    freedom = np.where(steady, np.maximum(own_df, pooled_df), own_df)
    statistic = np.where(answered, value / np.where(answered, error, 1.0), 0.0)
    p = np.where(answered | zero, 2 * special.stdtr(freedom, -np.abs(statistic)), np.nan)
    return Means(np.where(n > 0, value, np.nan), error, freedom, n, p)


def seeds_there(differences: FloatArray, used: BoolArray) -> BoolArray:
    """The seeds that have every task that a comparison is over: (comparisons, seeds)."""
    found: BoolArray = (np.isfinite(differences) | ~used[:, None, :]).all(axis=2) & np.any(used, axis=1)[
        :, None
    ]
    return found


def _variances(values: FloatArray, kept: BoolArray, n: IntArray) -> FloatArray:
    """The variance over the seeds that are there: (comparisons, tasks)."""
    centres = values.sum(axis=1) / np.maximum(n, 1)[:, None]
    centred = np.where(kept, values - centres[:, None, :], 0.0)
    found: FloatArray = (centred**2).sum(axis=1) / np.maximum(n - 1, 1)[:, None]
    return found


def _pooled(variances: FloatArray, df: IntArray, pools: IntArray) -> tuple[FloatArray, FloatArray]:
    """Each comparison's pool: the mean variance, weighed by degrees of freedom, and those it has."""
    size = int(pools.max(initial=0)) + 1
    weight, total = np.bincount(pools, df, size), np.bincount(pools, variances * df, size)
    squares = np.bincount(pools, variances**2 * df, size)
    mean = total / np.maximum(weight, 1)
    effective = np.where(squares > 0, total**2 / np.where(squares > 0, squares, 1.0), 1.0)
    return mean[pools], effective[pools]


def _satterthwaite(variances: FloatArray, df: IntArray) -> FloatArray:
    """The degrees of freedom of a sum of variances; 0 where all are zero: (comparisons,)."""
    squares = (variances**2 / df).sum(axis=1)
    found: FloatArray = np.where(
        squares > 0, variances.sum(axis=1) ** 2 / np.where(squares > 0, squares, 1.0), 0
    )
    return found
