"""Scores along a perturbation's ratio: slope, area, where two methods cross, and whether the order changes.

A curve is a (seeds, ratios) array; average over tasks before. A seed that lacks a ratio is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from ftbench.stats import paired
from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.findings import NoAnswer, Significance, too_few

DRAWS = 10_000
GRID = 1_000
"""Ratios between the lowest and the highest at which a crossing is looked for."""


@dataclass(frozen=True)
class Crossing:
    """Where a method falls below another one.

    Attributes:
        ratio: the lowest ratio from which the mean difference is below zero, the first of all where it is
            so from the start; None: it never is.
        low: the lowest ratio at which the difference may be zero at the level asked for; None: there is none,
            or there are fewer than two seeds.
        high: the highest such ratio; where it is the end of the ratios, the crossing may lie beyond.
        n: the seeds behind it.
    """

    ratio: float | None
    low: float | None
    high: float | None
    n: int


def whole(curve: FloatArray) -> BoolArray:
    """Which seeds have every ratio: (seeds,).

    Args:
        curve: (seeds, ratios) scores, NaN for a missing run.
    """
    return np.asarray(np.isfinite(curve).all(axis=1), dtype=np.bool_)


def slopes(ratios: FloatArray, curve: FloatArray) -> FloatArray:
    """Each whole seed's least-squares slope, in score per unit of ratio, below 0 for a loss: (whole seeds,).

    Args:
        ratios: (ratios,), ascending; of a single one there is no slope: (0,).
        curve: (seeds, ratios) scores, NaN for a missing run.
    """
    if len(ratios) < 2:
        return np.empty(0)
    centred = ratios - ratios.mean()
    found: FloatArray = np.round(curve[whole(curve)] @ centred / (centred**2).sum(), paired.DIGITS)
    return found


def areas(ratios: FloatArray, curve: FloatArray) -> FloatArray:
    """Each whole seed's area under the curve over its width: the mean score along it: (whole seeds,).

    Args:
        ratios: (ratios,), ascending; of a single one there is no area: (0,).
        curve: (seeds, ratios) scores, NaN for a missing run.
    """
    if len(ratios) < 2:
        return np.empty(0)
    there = curve[whole(curve)]
    under = (np.diff(ratios) * (there[:, 1:] + there[:, :-1]) / 2).sum(axis=1)  # straight lines between
    found: FloatArray = under / (ratios[-1] - ratios[0])
    return found


def crossing(
    ratios: FloatArray, left: FloatArray, right: FloatArray, level: float = 0.95
) -> Crossing | NoAnswer:
    """The ratio at which ``left`` falls below ``right``; straight lines between ratios.

    The interval spans the ratios at which the t interval of the paired difference holds zero: those that a
    test at each ratio does not refuse.

    Args:
        ratios: (ratios,), ascending.
        left: (seeds, ratios) scores, NaN for a missing run.
        right: (seeds, ratios), the same seeds.
        level: in (0, 1).
    """
    if len(ratios) < 2:
        return too_few(len(ratios), 2, "ratios")
    apart = left - right
    apart = np.round(apart[whole(apart)], paired.DIGITS)  # (whole seeds, ratios)
    n = len(apart)
    if not n:
        return too_few(n, 1)
    found = _first_below(ratios, apart.mean(axis=0))
    if n < 2:
        return Crossing(found, None, None, n)
    grid = np.union1d(np.linspace(ratios[0], ratios[-1], GRID + 1), ratios)
    along = np.stack([np.interp(grid, ratios, one) for one in apart])  # (seeds, grid)
    mean, error = along.mean(axis=0), along.std(axis=0, ddof=1) / np.sqrt(n)
    open_ = np.abs(mean) <= error * special.stdtrit(n - 1, (1 + level) / 2)
    low, high = (float(grid[open_][0]), float(grid[open_][-1])) if open_.any() else (None, None)
    return Crossing(found, low, high, n)


def interaction(ratios: FloatArray, left: FloatArray, right: FloatArray) -> Significance | NoAnswer:
    """Whether two methods degrade at different rates: the paired t-test of their slopes, seed by seed.

    The linear contrast of the method × perturbation interaction (Maxwell & Delaney 2004, ch. 12).

    Args:
        ratios: (ratios,), ascending.
        left: (seeds, ratios) scores, NaN for a missing run.
        right: (seeds, ratios), the same seeds.
    """
    if len(ratios) < 2:
        return too_few(len(ratios), 2, "ratios")
    return paired.t_test(slopes(ratios, left - right))


def rank_flips(before: FloatArray, after: FloatArray, seed: int = 0) -> FloatArray | NoAnswer:
    """How probably two methods change places between two conditions, given the seeds' scores.

    Drawn are the means of all methods under both conditions together, from the multivariate t that these
    seeds leave of them (n - 1 df): that one method is behind another has the one-sided p of their t-test.
    A bootstrap over three seeds knows ten different samples, and calls certain what is not. A tie in either
    condition counts half.

    Args:
        before: (seeds, methods) scores, NaN for a missing run.
        after: (seeds, methods), the same seeds and methods.
        seed: of the draws.

    Returns:
        (methods, methods), symmetric, in [0, 1], 0 on the diagonal.
    """
    there = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
    n, methods = int(there.sum()), before.shape[1]
    if n < 2:
        return too_few(n, 2)
    rng = np.random.default_rng(seed)
    scales = np.sqrt(rng.chisquare(n - 1, size=(DRAWS, 1)) / (n - 1))
    weights = rng.standard_normal((DRAWS, n)) / scales / np.sqrt(n * (n - 1))
    whole_rows = np.hstack([before[there], after[there]])
    means = np.round(whole_rows.mean(axis=0), paired.DIGITS)
    drawn = np.round(means + weights @ (whole_rows - whole_rows.mean(axis=0)), paired.DIGITS)
    first, second = drawn[:, :methods], drawn[:, methods:]
    flips: FloatArray = np.zeros((methods, methods))
    for one in range(methods):
        for other in range(one + 1, methods):
            ways = np.sign(first[:, one] - first[:, other]) * np.sign(second[:, one] - second[:, other])
            flips[one, other] = flips[other, one] = float(((1 - ways) / 2).mean())
    return flips


def _first_below(ratios: FloatArray, mean: FloatArray) -> float | None:
    below = np.flatnonzero(mean < 0)
    if not len(below):
        return None
    at = int(below[0])
    if at == 0:
        return float(ratios[0])
    before, after = float(mean[at - 1]), float(mean[at])
    return float(ratios[at - 1] + (ratios[at] - ratios[at - 1]) * before / (before - after))
