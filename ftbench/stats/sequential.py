"""Looks at comparisons while seeds are added: what each look settles at its share of the level.

K looks at level alpha / K, with Holm's correction over the comparisons inside each look: by the union bound,
looks together mark a difference that is none with a probability of at most alpha, whenever each comparison
stops (Bonferroni over looks; Armitage, McPherson & Rowe 1969, JRSS A 132, for what happens without).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from ftbench.stats import paired, steady
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import holm
from ftbench.stats.findings import Interval, NoAnswer

BETTER, WORSE, EQUIVALENT, OPEN = "better", "worse", "equivalent", "open"


@dataclass(frozen=True)
class Decision:
    """What a look says of one comparison.

    Attributes:
        how: ``better``, ``worse``, ``equivalent``, or ``open``.
        p: of the t-test over seeds; None without one.
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


def decide(
    pairs: Sequence[FloatArray], level: float, margin: float = 0.0, pools: Sequence[Hashable] = ()
) -> list[Decision]:
    """One look at some comparisons: t-tests of which no spread is taken to be below its pool's mean.

    Args:
        pairs: the differences over seeds of each comparison, (pairs,), as fractions.
        level: of the look, in (0, 1).
        margin: a difference within it is none in practice; 0: nothing is equivalent.
        pools: which comparisons share a spread, such as their tasks; (): none do.
    """
    names = list(dict.fromkeys(pools))
    shared = [names.index(name) for name in pools] if pools else list(range(len(pairs)))
    laid = np.full((len(pairs), max(map(len, pairs), default=0), 1), np.nan)
    for at, one in enumerate(pairs):
        laid[at, : len(one), 0] = one
    used = np.array([[len(one) > 0] for one in pairs], dtype=np.bool_).reshape(len(pairs), 1)
    found = steady.means(laid, used, np.array(shared, dtype=np.int64))
    tested = np.isfinite(found.p)
    decisions = []
    ends = found.interval(1 - level)
    for at, corrected in enumerate(holm(np.where(tested, found.p, 1.0))):
        interval: Interval | NoAnswer = paired.t_interval(pairs[at], 1 - level)
        if tested[at]:
            low, high = (float(end[at]) for end in ends)
            interval = Interval(float(found.value[at]), low, high, int(found.n[at]), 1 - level)
        inside = isinstance(interval, Interval) and -margin < interval.low <= interval.high < margin
        how = EQUIVALENT if inside else OPEN
        if tested[at] and corrected < level:
            how = BETTER if found.value[at] > 0 else WORSE
        p = float(found.p[at]) if tested[at] else None
        told = interval if isinstance(interval, Interval) else None
        decisions.append(Decision(how, p, None if p is None else float(corrected), told))
    return decisions
