"""Whether two means agree to within a margin: two one-sided tests (TOST; Schuirmann 1987), unequal variances.

A mean is carried with the variance of the mean and its degrees of freedom, so that averages over tasks and
numbers of which only mean, deviation and n are printed are tested in the same way (Welch 1947; degrees of
freedom after Satterthwaite 1946).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

REPRODUCED, NOT_REPRODUCED, UNDERPOWERED = "reproduced", "not reproduced", "underpowered"
UNDECIDABLE = "undecidable"
MOST_SEEDS = 10_000
LEVEL = 0.05


@dataclass(frozen=True)
class Estimate:
    """A mean and how well it is known.

    Attributes:
        mean: in any unit.
        variance: of the mean, in its square; 0 where it is known exactly.
        df: degrees of freedom of ``variance``; infinite where it is known.
    """

    mean: float
    variance: float
    df: float

    @classmethod
    def of(cls, mean: float, std: float, n: int) -> Estimate:
        """From n values with a sample standard deviation (ddof 1); n is 2 at least."""
        return cls(mean, std**2 / n, n - 1)


@dataclass(frozen=True)
class Test:
    """What came of the two tests.

    Attributes:
        difference: left minus right.
        p_equal: of the larger of the two one-sided tests: small where the means agree to within the margin.
        p_apart: of the difference exceeding the margin: small where they do not.
        verdict: ``reproduced``, ``not reproduced`` or ``underpowered``.
    """

    difference: float
    p_equal: float
    p_apart: float
    verdict: str


def averaged_estimate(estimates: Sequence[Estimate]) -> Estimate:
    """The unweighted mean of independent estimates."""
    count = len(estimates)
    parts = [(e.variance / count**2, e.df) for e in estimates]
    return Estimate(sum(e.mean for e in estimates) / count, *_sum(parts))


def tost(left: Estimate, right: Estimate, margin: float, level: float = LEVEL) -> Test:
    """Test whether two independent means differ by less than a margin.

    Args:
        left: one mean.
        right: the other one.
        margin: the largest difference that counts as none, above 0, in the unit of the means.
        level: of each test.

    Returns:
        ``reproduced`` where both one-sided tests reject a difference of the margin or more, ``not
        reproduced`` where a difference within the margin is rejected, ``underpowered`` where neither is.
    """
    difference = left.mean - right.mean
    variance, df = _sum([(left.variance, left.df), (right.variance, right.df)])
    distance = abs(difference)
    p_equal = _above(margin - distance, variance, df)
    p_apart = _above(distance - margin, variance, df)
    verdict = REPRODUCED if p_equal < level else NOT_REPRODUCED if p_apart < level else UNDERPOWERED
    return Test(difference, p_equal, p_apart, verdict)


def seeds_for(ours: Estimate, n: int, theirs: Estimate, margin: float, level: float = LEVEL) -> int | None:
    """The fewest seeds of ours that would give a verdict, mean and spread being what they are now.

    Args:
        ours: from ``n`` seeds.
        n: from 2.
        theirs: the other mean, which no seed of ours makes better known.
        margin: as in ``tost``.
        level: of each test.

    Returns:
        None where not even 10,000 would: what is known of the other mean alone leaves it open.
    """

    def decided(seeds: int) -> bool:
        more = Estimate(ours.mean, ours.variance * n / seeds, ours.df * (seeds - 1) / (n - 1))
        return tost(more, theirs, margin, level).verdict != UNDERPOWERED

    low, high = n, MOST_SEEDS
    if not decided(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle) else (middle, high)
    return high


def _sum(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The sum of variances and its degrees of freedom."""
    total = sum(variance for variance, _ in parts)
    inverse = sum(variance**2 / df for variance, df in parts if variance)
    return total, total**2 / inverse if inverse else math.inf


def _above(distance: float, variance: float, df: float) -> float:
    """The chance of a t value beyond ``distance`` standard errors."""
    from scipy.stats import t

    if not variance:
        return 0.0 if distance > 0 else 1.0 if distance < 0 else 0.5
    return float(t.sf(distance / math.sqrt(variance), df))
