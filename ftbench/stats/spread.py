"""How much scores vary over seeds, and whether one method's vary less than another's, paired by seed."""

from __future__ import annotations

import numpy as np
from scipy import special

from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.findings import Interval, NoAnswer, Significance, too_few
from ftbench.stats.paired import DIGITS, SMALLEST

EXACT_UP_TO = 12
"""Seeds up to which all 2^n swaps are gone through; beyond, a sample of them."""
DRAWN = 9_999


def deviation(values: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """The standard deviation (ddof 1) with the interval that normal values give it, by chi-squared.

    Args:
        values: (runs,).
        level: in (0, 1).
    """
    n = len(values)
    if n < 2:
        return too_few(n, 2, "runs")
    std = float(values.std(ddof=1))
    tails = special.chdtri(n - 1, np.array([(1 - level) / 2, (1 + level) / 2]))  # upper, lower quantile
    low, high = std * np.sqrt((n - 1) / tails)
    return Interval(std, float(low), float(high), n, level, "chi-squared")


def swaps(left: FloatArray, right: FloatArray, seed: int = 0) -> Significance | NoAnswer:
    """Whether the left values vary less, by swapping the two methods' runs seed by seed.

    Values less their column's median are swapped between the methods, a whole seed at once on all columns;
    the statistic is the mean over columns of the log ratio of variances, so that no column's scale decides.
    All 2^n swaps up to 12 seeds; beyond, 9,999 at random (Phipson & Smyth 2010, eq. 2). Runs that collapse
    now and then do not bend it, as they do the test of Pitman (1939) and Morgan, which needs normal values.

    Args:
        left: (seeds, columns) scores, NaN for a missing run.
        right: (seeds, columns), the same seeds and columns.
        seed: of the draw.

    Returns:
        A statistic above 0 where the left values vary less.
    """
    both = np.isfinite(left) & np.isfinite(right)
    there = both.any(axis=1)
    counts = both.sum(axis=0)
    n = int(there.sum())
    if n < 2 or (counts < 2).any():
        return too_few(int(counts.min(initial=n)), 2)
    mine, theirs = (_centred(np.where(both, values, np.nan)[there]) for values in (left, right))
    varied = np.nanmax(np.abs(np.stack([mine, theirs])), axis=(0, 1)) > SMALLEST
    if not varied.any():
        return NoAnswer("nothing varies", n)
    found = _log_ratios(mine[:, varied], theirs[:, varied], _turned(n, seed))
    slack = 1e-9  # ratios that are equal but for the last bits are ties
    above, below = (found >= found[0] - slack).mean(), (found <= found[0] + slack).mean()
    p = min(1.0, 2 * float(min(above, below)))
    return Significance("swap permutation", p, float(found[0]), n, 2 / len(found))


def _centred(values: FloatArray) -> FloatArray:
    return np.round(values - np.nanmedian(values, axis=0), DIGITS)


def _turned(n: int, seed: int) -> BoolArray:
    """Which seeds are swapped, the first time none: (swaps, seeds)."""
    if n <= EXACT_UP_TO:
        return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.bool_)
    drawn = np.random.default_rng(seed).random((DRAWN, n)) < 0.5
    return np.vstack([np.zeros((1, n), dtype=np.bool_), drawn])


def _log_ratios(left: FloatArray, right: FloatArray, turned: BoolArray) -> FloatArray:
    """The mean log ratio of the right variances to the left after each swap: (swaps,)."""
    here = np.isfinite(left)  # the same runs of both
    one, other = np.where(here, left, 0.0), np.where(here, right, 0.0)
    n, moved = here.sum(axis=0), turned.astype(np.float64)

    def variances(own: FloatArray, its: FloatArray) -> FloatArray:
        total = own.sum(axis=0) + moved @ (its - own)  # (swaps, columns)
        squares = (own**2).sum(axis=0) + moved @ (its**2 - own**2)
        found: FloatArray = np.maximum(squares / n - (total / n) ** 2, SMALLEST**2)
        return found

    ratios: FloatArray = np.log(variances(other, one) / variances(one, other)).mean(axis=1)
    return ratios
