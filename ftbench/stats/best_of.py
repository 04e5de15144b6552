"""Best of: what the best of so many draws is expected to be, and how many draws are nearly as good."""

from __future__ import annotations

import numpy as np

from ftbench.stats.aggregate import FloatArray


def expected_best(scores: FloatArray) -> FloatArray:
    """The expected best of n of the draws, for each n, in closed form.

    The mean, over all orders of the draws, of the best of the first n: of the draws in ascending order the
    i-th (from 1) is the best of n with probability C(i-1, n-1) / C(N, n). Dodge et al. (2019), arXiv
    1909.03004, draw with replacement, which is biased towards the worst for large n (Tang et al. 2020).

    Args:
        scores: of N draws, shape (N,).

    Returns:
        For n = 1 to N, shape (N,); the first is the mean, the last the best.
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    count = len(ordered)
    found = np.empty(count)
    for n in range(1, count + 1):
        # from the largest down: P(i-1) = P(i) * (i-n)/(i-1), with P(N) = n/N
        ranks = np.arange(count, 1, -1, dtype=np.float64)
        steps = np.maximum(ranks - n, 0.0) / (ranks - 1)
        chances = n / count * np.concatenate(([1.0], np.cumprod(steps)))
        found[n - 1] = float(chances @ ordered[::-1])
    return found


def share_near_best(scores: FloatArray, within: float) -> float:
    """The share of draws that come within a distance of the best one, itself among them.

    Args:
        scores: shape (N,).
        within: as scores are: 0.01 is a point.
    """
    values = np.asarray(scores, dtype=np.float64)
    return float(np.mean(values >= values.max() - within - 1e-12))
