"""Scores along a perturbation's ratio: slope, area, where two methods cross, and whether the order changes.

A curve is a (seeds, ratios) array; average over tasks before. A seed that lacks a ratio is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from ftbench.stats import paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval, NoAnswer, Significance, too_few

RESAMPLES = 10_000
GRID = 1_000
"""Ratios between the lowest and the highest at which a crossing is looked for."""


@dataclass(frozen=True)
class Crossing:
    """Where the difference of two methods changes its sign.

    Attributes:
        ratio: the first ratio at which the mean difference is zero or changes sign; None: it never does.
        low: the lowest ratio whose difference may be zero at the level asked for; None: there is none.
        high: the highest such ratio; where it is the end of the ratios, the crossing may lie beyond.
        n: the seeds behind it.
    """

    ratio: float | None
    low: float | None
    high: float | None
    n: int


def slopes(ratios: FloatArray, curve: FloatArray) -> FloatArray:
    """Each whole seed's least-squares slope, in score per unit of ratio: (whole seeds,).

    Args:
        ratios: (ratios,), ascending, two at least.
        curve: (seeds, ratios) scores, NaN for a missing run.
    """
    whole, centred = _whole(curve), ratios - ratios.mean()
    found: FloatArray = np.round(whole @ centred / (centred**2).sum(), paired.DIGITS)
    return found


def slope(ratios: FloatArray, curve: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """The degradation: score lost (below 0) for a ratio of 1, a line fitted to each seed.

    The interval is over seeds, as that of a mean difference.

    Args:
        ratios: (ratios,), ascending.
        curve: (seeds, ratios) scores, NaN for a missing run.
        level: in (0, 1).
    """
    if len(ratios) < 2:
        return too_few(len(ratios), 2, "ratios")
    return paired.mean_interval(slopes(ratios, curve), level)


def area(ratios: FloatArray, curve: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """The area under the curve by trapezoids over the range of ratios: the mean score along it.

    Args:
        ratios: (ratios,), ascending.
        curve: (seeds, ratios) scores, NaN for a missing run.
        level: in (0, 1).
    """
    if len(ratios) < 2:
        return too_few(len(ratios), 2, "ratios")
    from scipy import integrate

    areas = integrate.trapezoid(_whole(curve), ratios, axis=1) / (ratios[-1] - ratios[0])
    return paired.mean_interval(areas, level)


def crossing(
    ratios: FloatArray, left: FloatArray, right: FloatArray, level: float = 0.95
) -> Crossing | NoAnswer:
    """The ratio at which ``left`` falls below ``right``, or rises above it; straight lines between ratios.

    The interval holds the ratios at which the t interval of the paired difference holds zero: the set that a
    test at each ratio does not refuse.

    Args:
        ratios: (ratios,), ascending.
        left: (seeds, ratios) scores, NaN for a missing run.
        right: (seeds, ratios), the same seeds.
        level: in (0, 1).
    """
    if len(ratios) < 2:
        return too_few(len(ratios), 2, "ratios")
    apart = _whole(left - right)  # (seeds, ratios)
    n = len(apart)
    if n < 2:
        return too_few(n, 2)
    grid = np.union1d(np.linspace(ratios[0], ratios[-1], GRID + 1), ratios)
    along = np.stack([np.interp(grid, ratios, one) for one in apart])  # (seeds, grid)
    mean, error = along.mean(axis=0), along.std(axis=0, ddof=1) / np.sqrt(n)
    open_ = np.abs(mean) <= error * special.stdtrit(n - 1, (1 + level) / 2)
    low, high = (float(grid[open_][0]), float(grid[open_][-1])) if open_.any() else (None, None)
    return Crossing(_first_zero(ratios, apart.mean(axis=0)), low, high, n)


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
    """How often two methods change places between two conditions, over resampled seeds.

    All methods and both conditions share the drawn seeds. A tie in either condition counts half.

    Args:
        before: (seeds, methods) scores, NaN for a missing run.
        after: (seeds, methods), the same seeds and methods.
        seed: of the bootstrap.

    Returns:
        (methods, methods), symmetric, in [0, 1], 0 on the diagonal.
    """
    there = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
    n = int(there.sum())
    if n < 2:
        return too_few(n, 2)
    rows = np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))
    shares = np.stack([(rows == at).mean(axis=1) for at in range(n)], axis=1)  # (resamples, seeds)
    first, second = (np.round(shares @ scores[there], paired.DIGITS) for scores in (before, after))
    methods = before.shape[1]
    flips: FloatArray = np.zeros((methods, methods))
    for one in range(methods):
        for other in range(one + 1, methods):
            ways = np.sign(first[:, one] - first[:, other]) * np.sign(second[:, one] - second[:, other])
            flips[one, other] = flips[other, one] = float(((1 - ways) / 2).mean())
    return flips


def _whole(curve: FloatArray) -> FloatArray:
    """The seeds that have every ratio."""
    return curve[np.isfinite(curve).all(axis=1)]


def _first_zero(ratios: FloatArray, mean: FloatArray) -> float | None:
    for at in range(1, len(ratios)):
        left, right = float(mean[at - 1]), float(mean[at])
        if left * right < 0:
            return float(ratios[at - 1] + (ratios[at] - ratios[at - 1]) * left / (left - right))
        if left * right == 0 and left != right:
            return float(ratios[at - 1] if left == 0 else ratios[at])
    return None
