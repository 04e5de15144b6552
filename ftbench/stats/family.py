"""A family of comparisons: differences over seeds and tasks, tested together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ftbench.stats import correction, flips, probability, steady
from ftbench.stats.aggregate import BoolArray, FloatArray, IntArray

MEAN, PROBABILITY, TWO_PART = ESTIMANDS = ("mean", "probability", "two-part")
"""What two methods are compared by; of two parts, the mean of the runs that did not fail is one."""
MAX_T, T, SIGNS = "max-T", "t", "signs"


@dataclass(frozen=True)
class Family:
    """Some comparisons of two methods each.

    Attributes:
        differences: (comparisons, seeds, tasks), NaN where one of the two lacks a run.
        used: (comparisons, tasks) which tasks a comparison is over; none: it is not one.
        pools: (comparisons,) which of them share a spread, numbered from 0.
        estimand: ``mean``, or the ``probability`` that a run beats the other method's.
    """

    differences: FloatArray
    used: BoolArray
    pools: IntArray
    estimand: str = MEAN

    @cached_property
    def means(self) -> steady.Means:
        """The mean differences, and a t-test of each."""
        return steady.means(self.differences, self.used, self.pools)

    @cached_property
    def wins(self) -> FloatArray:
        """What each seed says of the probability: (seeds, comparisons), NaN where it lacks a task."""
        signs = np.where(self.used[:, None, :], np.sign(np.nan_to_num(self.differences)), 0.0).sum(axis=2)
        shares = 0.5 + signs / (2 * np.maximum(self.used.sum(axis=1), 1))[:, None]
        return np.where(self._there, shares, np.nan).T

    @property
    def _there(self) -> BoolArray:
        return steady.seeds_there(self.differences, self.used)

    @cached_property
    def tested(self) -> BoolArray:
        """Which comparisons have a test: (comparisons,)."""
        if self.estimand == PROBABILITY:
            return np.asarray(self.means.n > 1, dtype=np.bool_)
        return np.isfinite(self.means.p)

    @property
    def count(self) -> int:
        """How many tests these are."""
        return int(self.tested.sum())

    @cached_property
    def test(self) -> str:
        """By what they are tested: signs of seeds, where there are enough to reach a small p, else t."""
        if self.estimand == PROBABILITY:
            return SIGNS
        n = self.means.n[self.tested]
        return MAX_T if len(n) and np.median(n) >= flips.FROM else T

    @cached_property
    def adjusted(self) -> FloatArray:
        """The p that keep the family-wise error of these alone: (comparisons,), NaN without a test."""
        found = np.full(len(self.used), np.nan)
        where = self.tested
        if not where.any():
            return found
        if self.test == SIGNS:
            found[where] = probability.adjusted(self.wins[:, where])
        elif self.test == MAX_T:
            found[where] = flips.max_t(self._averages[:, where], self.pools[where])
        else:
            found[where] = np.minimum(1.0, self.count * self.means.p[where])
        return found

    @cached_property
    def holm(self) -> FloatArray:
        """The p of the t-tests with Holm's correction over these: (comparisons,), NaN without a test."""
        found = self.means.p.copy()
        there = np.isfinite(found)
        found[there] = correction.holm(found[there])
        return found

    @property
    def _averages(self) -> FloatArray:
        """Each seed's average over the tasks: (seeds, comparisons), NaN where it lacks one."""
        total = np.where(self.used[:, None, :], np.nan_to_num(self.differences), 0.0).sum(axis=2)
        averages = total / np.maximum(self.used.sum(axis=1), 1)[:, None]
        return np.where(self._there, averages, np.nan).T
