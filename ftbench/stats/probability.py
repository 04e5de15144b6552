"""P(A > B): how probably a run of one method beats the paired run of another (Bouthillier et al. 2021).

Accounting for variance in machine learning benchmarks, MLSys 3, arXiv:2103.03098, section 3.2. How far a run
that failed falls does not count here, only that it loses, so that rare failures do not bend it.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ftbench.stats import flips
from ftbench.stats.aggregate import FloatArray, IntArray
from ftbench.stats.findings import Interval, NoAnswer, too_few
from ftbench.stats.paired import DIGITS


def wins(differences: FloatArray) -> FloatArray:
    """Each seed's share of tasks won, ties half; NaN for a seed that lacks a task.

    Args:
        differences: (..., seeds, tasks) left minus right.
    """
    shares: FloatArray = (0.5 + np.sign(np.round(differences, DIGITS)) / 2).mean(axis=-1)
    return shares


def tosses(won: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """P(A > B) with an interval that no spread of zero can close.

    Clopper & Pearson's (1934) of as many tosses as there are seeds. A seed's average over tasks spreads less
    than a toss does, so with several tasks it covers more often than it says.

    Args:
        won: (seeds,) of :func:`wins`, NaN for a seed that does not count.
        level: in (0, 1).
    """
    there = won[np.isfinite(won)]
    n = len(there)
    if not n:
        return too_few(0, 1)
    k, tail = float(there.sum()), (1 - level) / 2
    low = float(special.betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Interval(k / n, low, high, n, level, "Clopper-Pearson")


def adjusted(won: FloatArray) -> FloatArray:
    """Adjusted p of P(A > B) = 1/2, by the signs of whole seeds: (comparisons,); NaN below two seeds.

    On one task exact whatever the scores' distribution, for signs have no scale.

    Args:
        won: (seeds, comparisons) of :func:`wins`.
    """
    pools: IntArray = np.zeros(won.shape[1], dtype=np.int64)
    return flips.max_t(won - 0.5, pools, studentised=False)
