"""Looks at comparisons while seeds are added: what each look settles at its share of the level.

K looks at level alpha / K, with Holm's correction over the comparisons inside each look: by the union bound,
looks together mark a difference that is none with a probability of at most alpha, whenever each comparison
stops (Bonferroni over looks; Armitage, McPherson & Rowe 1969, JRSS A 132, for what happens without).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftbench.stats import paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import holm
from ftbench.stats.findings import Interval, Significance

BETTER, WORSE, EQUIVALENT, OPEN = "better", "worse", "equivalent", "open"


@dataclass(frozen=True)
class Decision:
    """What a look says of one comparison.

    Attributes:
        how: ``better``, ``worse``, ``equivalent``, or ``open``.
        p: of the paired t-test; None without one.
        p_corrected: Holm's, over the comparisons of the look; None without a test.
        interval: of the mean difference, at the look's level; None with fewer than two pairs.
    """

    how: str
    p: float | None
    p_corrected: float | None
    interval: Interval | None


def sizes(first: int, most: int, looks: int) -> tuple[int, ...]:
    """The number of seeds at each look, evenly spread.

    Args:
        first: at the first look.
        most: at the last one, at least ``looks - 1`` more.
        looks: how many, from 2.
    """
    return tuple(int(n) for n in np.linspace(first, most, looks).round())


def decide(pairs: Sequence[FloatArray], level: float, margin: float = 0.0) -> list[Decision]:
    """One look at some comparisons.

    Args:
        pairs: the differences over seeds of each comparison, (pairs,), as fractions.
        level: of the look, in (0, 1).
        margin: a difference within it is none in practice; 0: nothing is equivalent.
    """
    found = [paired.t_test(one) for one in pairs]
    p = np.array([one.p if isinstance(one, Significance) else 1.0 for one in found])
    decisions = []
    for one, tested, corrected in zip(pairs, found, holm(p), strict=True):
        interval = paired.t_interval(one, 1 - level)
        inside = isinstance(interval, Interval) and -margin < interval.low <= interval.high < margin
        how = EQUIVALENT if inside else OPEN
        if isinstance(tested, Significance) and corrected < level:
            how = BETTER if tested.statistic > 0 else WORSE
        decisions.append(
            Decision(
                how,
                tested.p if isinstance(tested, Significance) else None,
                float(corrected) if isinstance(tested, Significance) else None,
                interval if isinstance(interval, Interval) else None,
            )
        )
    return decisions
