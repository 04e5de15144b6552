"""Whether methods stand in the order that a paper prints, pair by pair, as far as the runs tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from ftbench.services.papers import claims, layout
from ftbench.services.papers.claims import Measured
from ftbench.stats import correction, paired
from ftbench.stats.findings import NoAnswer
from ftbench.stats.leaderboard import ALPHA
from ftbench.suites import Line, Panel, Suite
from ftbench.suites.published import AVERAGE


def order_lines(suite: Suite, blocks: Sequence[Measured], level: float = ALPHA) -> Iterator[str]:
    """A line for each condition: how many pairs of methods stand as printed, how many the other way round.

    Compared are the averages, or the only column; told apart is by the paired t test over the seeds that
    both have, with Holm's correction over all pairs of the table.

    Args:
        suite: under the axes that were given.
        blocks: what was measured of it.
        level: below which corrected p tell two methods apart.
    """
    found = [list(_pairs(suite, one)) for one in blocks]
    p = np.asarray([p for pairs in found for _, p in pairs])
    known = np.isfinite(p)
    p[known] = correction.holm(p[known]) if known.any() else p[known]
    corrected = iter(p)
    for one, pairs in zip(blocks, found, strict=True):
        judged = [(same, next(corrected) < level) for same, _ in pairs]
        if judged:
            right, wrong = ([sure for same, sure in judged if same is side] for side in (True, False))
            title = f"Order, {one.block.title}" if one.block.title else "Order"
            yield (
                f"{title}: {len(right)} of {len(judged)} pairs of methods stand as printed, "
                f"{sum(right)} told apart; {len(wrong)} the other way round, {sum(wrong)} told apart."
            )


def _pairs(suite: Suite, one: Measured) -> Iterator[tuple[bool, float]]:
    """Of each pair with different printed means: whether ours stands as printed, and p, NaN for none."""
    printed = _printed(suite, one.block, one.rows)
    for left, right in combinations(printed, 2):
        gap = printed[left] - printed[right]
        values = list(claims.claimed_differences(one, left, right).values())
        if gap and values and np.mean(values):
            test = paired.t_test(np.asarray(values, dtype=np.float64))
            same = bool((np.mean(values) > 0) == (gap > 0))
            yield same, np.nan if isinstance(test, NoAnswer) else test.p


def _printed(suite: Suite, block: Panel, lines: Mapping[Line, object]) -> dict[Line, float]:
    """Line -> its printed mean: the average's, or that of the only column."""
    columns = {place.key for place in layout.printed_places(block) if place.averaged}
    found = {}
    for line in lines:
        numbers = layout.printed(suite, block, line)
        means = {c: cell.value for (c, statistic), cell in numbers.items() if statistic == "mean"}
        only = [value for column, value in means.items() if {column} == columns]
        if AVERAGE in means or only:
            found[line] = means.get(AVERAGE, *only)
    return found
