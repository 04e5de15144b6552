"""Many comparisons at once by turning the signs of whole seeds: the largest statistic each time (max-T)."""

from __future__ import annotations

import functools

import numpy as np

from ftbench.stats.aggregate import FloatArray, IntArray

FROM = 8
"""Seeds from which p can get well below 0.05: the smallest is 2 of 2^n."""
EXACT_UP_TO = 12
"""Seeds up to which all ways are gone through; beyond, as many are drawn."""
WAYS = 2 ** (EXACT_UP_TO - 1)
SLACK = 1e-9
_AT_ONCE = 2**21
"""Numbers of a block of ways times comparisons: what a processor keeps near."""


def max_t(differences: FloatArray, pools: IntArray, *, studentised: bool = True, seed: int = 0) -> FloatArray:
    """Adjusted p of many mean differences, which keep the family-wise error: (comparisons,).

    Westfall & Young (1993, section 2.3), single step: where nothing differs, the sign of all differences of a
    seed may be turned at once, whatever ties tasks and methods together. The statistic is the mean over its
    standard error, which is taken to be no smaller than that of the pool: few seeds in which a method did not
    fail do not show that it never does. All ways up to 12 seeds, beyond 2,048 (Phipson & Smyth 2010, eq. 2).

    Args:
        differences: (seeds, comparisons), NaN where one of the two lacks a run.
        pools: (comparisons,) which of them share a spread, numbered from 0.
        studentised: whether means are divided by their standard errors; if not, by 1/sqrt(n), for scores that
            have one scale anyway.
        seed: of the ways drawn.

    Returns:
        NaN for a comparison with fewer than two seeds.
    """
    there = np.isfinite(differences)
    n = there.sum(axis=0)
    result = np.full(differences.shape[1], np.nan)
    tested = n > 1
    if not tested.any():
        return result
    values, counts = np.where(there, differences, 0.0)[:, tested], n[tested].astype(np.float64)
    centred = np.where(there[:, tested], values - values.sum(axis=0) / counts, 0.0) if studentised else None
    _, shares = np.unique(pools[tested], return_inverse=True)
    ways = signs(len(values), seed)
    step = max(1, _AT_ONCE // len(counts))
    observed = _statistics(ways[:1], values, counts, centred, shares)[0]
    blocks = (ways[at : at + step] for at in range(0, len(ways), step))
    largest = np.concatenate([_statistics(w, values, counts, centred, shares).max(axis=1) for w in blocks])
    largest.sort()
    above = len(largest) - np.searchsorted(largest, observed * (1 - SLACK) - SLACK)
    result[tested] = above / len(largest)
    return result


@functools.lru_cache(maxsize=4)
def signs(n: int, seed: int = 0) -> FloatArray:
    """The ways of turning the signs of ``n`` seeds, the first turning none: (ways, seeds).

    A way and its opposite have the same statistics, so that the first sign always stays.
    """
    if n <= EXACT_UP_TO:
        bits = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n - 1)[None, :]) & 1  # (ways, seeds - 1)
    else:
        bits = np.random.default_rng(seed).integers(0, 2, size=(WAYS, n - 1))
        bits[0] = 0
    return 1.0 - 2.0 * np.concatenate([np.zeros((len(bits), 1)), bits], axis=1)


def _statistics(
    ways: FloatArray, values: FloatArray, n: FloatArray, centred: FloatArray | None, shares: IntArray
) -> FloatArray:
    """The absolute statistics of some ways: (ways, comparisons).

    Args:
        ways: (ways, seeds) of turning signs.
        values: (seeds, comparisons) differences, 0 where there is none.
        n: (comparisons,) seeds.
        centred: the same less their means: what the pool's spread is of, for signs turned make a spread of a
            true difference, which would let the others pass; None: nothing is studentised.
        shares: (comparisons,) pools, 0 and up without a gap.
    """
    sums = ways @ values
    if centred is None:
        return np.abs(sums) / np.sqrt(n)
    variances = _variances(sums, values, n)
    size = np.bincount(shares)
    member = np.zeros((len(n), len(size)))
    member[np.arange(len(n)), shares] = 1.0 / size[shares]
    floor = _variances(ways @ centred, centred, n) @ member  # (ways, pools)
    np.maximum(variances, floor[:, shares], out=variances)
    np.maximum(variances, SLACK**2, out=variances)
    found: FloatArray = np.abs(sums) / np.sqrt(variances * n)
    return found


def _variances(sums: FloatArray, values: FloatArray, n: FloatArray) -> FloatArray:
    """The variances in some ways: (ways, comparisons)."""
    found: FloatArray = np.maximum((values**2).sum(axis=0) - sums**2 / n, 0.0) / (n - 1)
    return found
