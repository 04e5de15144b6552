"""What a paired comparison can show: the smallest difference for n seeds, the seeds for a difference."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy import special

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import NoAnswer, too_few
from ftbench.stats.paired import SMALLEST

MOST_SEEDS = 100_000
NODES = 200
NO_SPREAD = "a spread of zero says nothing of other seeds"


def power(difference: float, spread: float, n: int, alpha: float = 0.05) -> float:
    """How probably a two-sided paired t-test finds a difference (Cohen 1988, section 2.3), in [0, 1].

    Args:
        difference: the true mean difference.
        spread: standard deviation of the paired differences over seeds, above 0; in the same unit.
        n: seeds, from 2.
        alpha: in (0, 1); already corrected for the tests of the family.
    """
    far = abs(difference) / spread * math.sqrt(n)
    edge = -float(special.stdtrit(n - 1, alpha / 2))  # the lower tail: 1 - alpha / 2 rounds
    # The noncentral t tail, given the sample's spread, and averaged over it: scipy's own gives NaN far out.
    places, weights = _nodes()
    spreads = np.sqrt(2 * special.gammaincinv((n - 1) / 2, places) / (n - 1))
    tails = special.ndtr(far - edge * spreads) + special.ndtr(-far - edge * spreads)
    return float(weights @ tails)


@cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    """Gauss and Legendre's places and weights on (0, 1)."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return (places + 1) / 2, weights / 2


def smallest_difference(spread: float, n: int, alpha: float = 0.05, wanted: float = 0.8) -> float | NoAnswer:
    """The smallest true difference that n seeds show with the wanted power.

    Args:
        spread: standard deviation of the paired differences over seeds, from 0.
        n: seeds.
        alpha: in (0, 1).
        wanted: the power, in (alpha, 1).
    """
    from scipy import optimize

    if n < 2:
        return too_few(n, 2)
    if spread < SMALLEST:
        return NoAnswer(NO_SPREAD, n)
    if power(0.0, 1.0, n, alpha) >= wanted:
        return 0.0
    high = 1.0
    while power(high, 1.0, n, alpha) < wanted:
        high *= 2
    return spread * float(optimize.brentq(lambda d: power(d, 1.0, n, alpha) - wanted, 0.0, high))


def seeds_needed(
    difference: float, spread: float, alpha: float = 0.05, wanted: float = 0.8
) -> int | NoAnswer:
    """The fewest seeds that show a difference with the wanted power.

    Args:
        difference: the true mean difference, not 0.
        spread: standard deviation of the paired differences over seeds, from 0.
        alpha: in (0, 1).
        wanted: the power, in (alpha, 1).
    """
    if spread < SMALLEST:
        return NoAnswer(NO_SPREAD, 0)
    high = 2
    while power(difference, spread, high, alpha) < wanted:
        high *= 2
        if high > MOST_SEEDS:
            return NoAnswer(f"more than {MOST_SEEDS:,} seeds", 0)
    low = high // 2  # power rises with n: it is missed at low, unless that is 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(difference, spread, middle, alpha) >= wanted else (middle, high)
    return high
