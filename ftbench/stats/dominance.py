"""Almost stochastic order: whether one method's scores lie above another's at nearly every quantile."""

from __future__ import annotations

import math

import numpy as np

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval, NoAnswer, too_few

RESAMPLES = 10_000
"""With 1,000 the bound itself has a standard error above 0.01 where σ is large; with so many, of 0.004."""


DOMINATES = 0.2
"""The bound from which nothing is claimed any more; at 0.5 one in five comparisons of equal methods would
pass (Ulmer, Hardmeier & Frellsen 2022, arXiv:2204.06815, section 4)."""
LEAST = 5
"""Runs of each method from which the bound is evidence: with three, 8 % to 10 % of equal ones pass."""


def violation(left: FloatArray, right: FloatArray) -> float:
    """How far ``left`` is from lying above ``right`` at every quantile: 0 (it does) to 1; equal samples: 0.5.

    The squared distance between the quantile functions where left is lower, over all of it (del Barrio,
    Cuesta-Albertos & Matrán 2018, arXiv:1705.01788, eq. 4), integrated exactly.

    Args:
        left: (left runs,) scores, none missing.
        right: (right runs,), none missing.
    """
    return float(_violations(left[None, :], right[None, :])[0])


def _violations(left: FloatArray, right: FloatArray) -> FloatArray:
    """The violation of many samples at once: (samples, left runs), (samples, right runs) -> (samples,)."""
    n, m = left.shape[1], right.shape[1]
    ends = np.union1d(np.arange(1, n + 1) / n, np.arange(1, m + 1) / m)
    widths = np.diff(ends, prepend=0.0)
    middles = ends - widths / 2
    apart = _quantiles(left, middles) - _quantiles(right, middles)
    total, lower = (np.square(part) @ widths for part in (apart, np.minimum(apart, 0.0)))
    return np.where(total > 0, lower / np.where(total > 0, total, 1.0), 0.5)


def almost_stochastic_order(
    left: FloatArray, right: FloatArray, *, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> Interval | NoAnswer:
    """The violation with its upper bound, ``high``: below ``DOMINATES``, left dominates almost everywhere.

    ε_min = ε + sqrt((n + m) / nm) σ Φ^-1(level), σ by bootstrap (Dror, Shlomov & Reichart 2019, section 4;
    del Barrio et al. 2018, theorem 2.5). The runs are not paired.

    Args:
        left: (seeds,) scores, NaN for a missing run.
        right: (seeds,).
        level: in (0, 1).
        seed: of the bootstrap.
        resamples: how many.
    """
    from scipy import special

    left, right = left[np.isfinite(left)], right[np.isfinite(right)]
    n, m = len(left), len(right)
    if min(n, m) < 2:
        return too_few(min(n, m), 2, "runs")
    rng = np.random.default_rng(seed)
    found = violation(left, right)
    scale = math.sqrt(n * m / (n + m))
    drawn = (one[rng.integers(len(one), size=(resamples, len(one)))] for one in (left, right))
    violations = _violations(*drawn)
    reach = float(np.std(scale * (violations - found))) / scale * float(special.ndtri(level))
    return Interval(found, max(0.0, found - reach), min(1.0, found + reach), min(n, m), level, "bootstrap")


def _quantiles(scores: FloatArray, shares: FloatArray) -> FloatArray:
    """The smallest score of each sample that a share of its runs does not exceed: (samples, shares)."""
    runs = scores.shape[1]
    places = np.clip(np.ceil(shares * runs).astype(int) - 1, 0, runs - 1)
    ascending: FloatArray = np.sort(scores, axis=1)
    quantiles = ascending if np.array_equal(places, np.arange(runs)) else ascending[:, places]
    return quantiles
