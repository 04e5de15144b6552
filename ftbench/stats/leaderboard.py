"""All that tables of methods and tasks mark, in the order in which readers ask.

First each method's average against the baseline's. Where it is told apart, its share of the level passes on:
one half to its cells against the baseline's, one half to its pairs with the other methods (a graph of Bretz
et al. 2009, Statistics in Medicine 28). So anything false is marked in all tables together with a probability
of at most the level, and the first question costs as little as if nothing else were asked. It is asked in
one step: what a method does not need goes to its cells and pairs, and not to other averages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ftbench.stats import paired
from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.family import MEAN, Family
from ftbench.stats.groups import letters

ALPHA = 0.05
"""The family-wise error that a table's marks keep."""


@dataclass(frozen=True)
class Leaderboard:
    """What some tables of the same methods can say; p are adjusted for all that is asked of all of them.

    Attributes:
        first: the averages against the baseline's, over the tasks that both have: (tables * methods).
        second: the cells against the baseline's: (tables * methods * tasks).
        averages: (tables, methods) p of the average; NaN where there is no test.
        whole: (tables, methods) whether that is over every task of the table.
        cells: (tables, methods, tasks) p of the cell.
        pairs: (tables, methods, methods) p of two averages over every task; symmetric, 1 on the diagonal.
        counts: the tests of averages, of cells, and of pairs without the baseline.
    """

    first: Family
    second: Family
    averages: FloatArray
    whole: BoolArray
    cells: FloatArray
    pairs: FloatArray
    counts: tuple[int, int, int]

    def lettered(self, table: int) -> BoolArray:
        """Which methods of a table have letters, (methods,): as many as there are with every pair tested."""
        tested = np.isfinite(self.pairs[table])
        kept = tested.sum(axis=1) > 1
        while not tested[np.ix_(kept, kept)].all():
            lacking = np.where(kept, (~tested[:, kept]).sum(axis=1), -1)
            kept[len(kept) - 1 - int(lacking[::-1].argmax())] = False
        return kept if kept.sum() > 1 else np.zeros_like(kept)

    def letters(self, table: int, alpha: float = ALPHA) -> tuple[str, ...]:
        """The letters of each method: those not told apart share one; "" for one that was not tested."""
        kept = np.flatnonzero(self.lettered(table))
        result = [""] * self.pairs.shape[1]
        for at, text in zip(kept, letters(self.pairs[table][np.ix_(kept, kept)] < alpha), strict=True):
            result[at] = text
        return tuple(result)


def judge(
    scores: FloatArray,
    baseline: int | None = None,
    *,
    grouped: bool = True,
    estimand: str = MEAN,
    alpha: float = ALPHA,
) -> Leaderboard:
    """Test all that some tables of the same methods, seeds and tasks mark.

    Args:
        scores: (tables, methods, seeds, tasks), NaN for a missing run.
        baseline: the row that is compared with; None: nothing is, and pairs have the whole level.
        grouped: whether pairs of averages are tested.
        estimand: ``mean``, or the ``probability`` that a run beats the other method's.
        alpha: the level: where no average is below it, pairs are not gone through.
    """
    tables, methods, seeds, tasks = scores.shape
    there: BoolArray = np.isfinite(scores).any(axis=(1, 2)).reshape(tables, tasks)
    first = against(scores, baseline, estimand)
    both = first.used.reshape(tables, methods, tasks)
    apart = first.differences.reshape(scores.shape)
    table = np.arange(tables)
    by_cell = apart.transpose(0, 1, 3, 2).reshape(both.size, seeds, 1)
    pools = np.broadcast_to(table[:, None, None] * tasks + np.arange(tasks), both.shape).ravel()
    second = Family(by_cell, both.reshape(-1, 1), pools, estimand)
    averages = first.adjusted.reshape(tables, methods)
    several = tasks > 1 and bool((both.sum(axis=2) > 1).any())
    third, upper = _pairs(scores, there, baseline, estimand if grouped else "")
    share = several + (third.count > 0)
    cells: FloatArray = np.where(both, averages[:, :, None], np.nan)
    found: FloatArray
    if several:
        found = second.adjusted.reshape(both.shape)
        cells = np.where(np.isfinite(found), _passed(averages[:, :, None], found, share), np.nan)
    pairs = np.tile(np.where(np.eye(methods, dtype=bool), 1.0, np.nan), (tables, 1, 1))
    whole: BoolArray = np.asarray((both | ~there[:, None, :]).all(axis=2)) & np.any(there, axis=1)[:, None]
    if grouped and methods > 1:
        opened = baseline is None or bool((averages < alpha).any())
        found = (third.adjusted if opened else np.where(third.tested, 1.0, np.nan)).reshape(tables, -1)
        if baseline is not None:
            gate = np.fmin(averages[:, upper[0]], averages[:, upper[1]])
            found = np.where(np.isfinite(found), _passed(np.nan_to_num(gate, nan=1.0), found, share), np.nan)
        pairs[:, upper[0], upper[1]] = pairs[:, upper[1], upper[0]] = found
    if baseline is not None and grouped:
        pairs[:, baseline] = pairs[:, :, baseline] = np.where(whole, averages, np.nan)
        pairs[:, baseline, baseline] = 1.0
    counts = first.count, second.count if several else 0, third.count
    return Leaderboard(first, second, averages, whole, cells, pairs, counts)


def against(scores: FloatArray, baseline: int | None, estimand: str = MEAN) -> Family:
    """The averages against the baseline's, over the tasks of which both have two seeds: (tables * methods).

    Args:
        scores: (tables, methods, seeds, tasks), NaN for a missing run.
        baseline: the row that is compared with; None: nothing is.
        estimand: see :func:`judge`.
    """
    tables, methods, seeds, tasks = scores.shape
    apart = np.full(scores.shape, np.nan)
    if baseline is not None:
        apart = np.round(scores - scores[:, baseline, None], paired.DIGITS)
        apart[:, baseline] = np.nan
    used = (np.isfinite(apart).sum(axis=2) > 1).reshape(tables * methods, tasks)
    return Family(
        apart.reshape(tables * methods, seeds, tasks), used, np.repeat(np.arange(tables), methods), estimand
    )


def _passed(gate: FloatArray, own: FloatArray, share: int) -> FloatArray:
    """The p of what is looked at behind a gate, with its share of the level."""
    return np.minimum(1.0, np.maximum(gate, share * own))


def _pairs(
    scores: FloatArray, there: BoolArray, baseline: int | None, estimand: str
) -> tuple[Family, tuple[np.ndarray, np.ndarray]]:
    """All pairs of averages over every task of a table, but those with the baseline; no estimand: none."""
    tables, methods, seeds, tasks = scores.shape
    upper = np.triu_indices(methods if estimand else 0, 1)
    between = np.round(scores[:, upper[0]] - scores[:, upper[1]], paired.DIGITS)
    used = np.broadcast_to(there[:, None, :], (tables, len(upper[0]), tasks)).copy()
    if baseline is not None:
        used[:, (upper[0] == baseline) | (upper[1] == baseline)] = False
    pools = np.repeat(np.arange(tables), len(upper[0]))
    family = Family(
        between.reshape(len(pools), seeds, tasks), used.reshape(len(pools), tasks), pools, estimand or MEAN
    )
    return family, upper
