"""How much scores vary over seeds, and whether one method's vary less than another's, paired by seed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval, NoAnswer, Significance, too_few


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


def pitman_morgan(columns: Sequence[tuple[FloatArray, FloatArray]]) -> Significance | NoAnswer:
    """The test of Pitman (1939, Biometrika 31) and Morgan (ibid.) for equal variances of paired values.

    Sums and differences of values that vary alike are uncorrelated. Columns are brought to one scale and
    freed of their means first, so that a task with larger scores does not decide.

    Args:
        columns: (left, right) for each task: (seeds,) each, the same seeds.

    Returns:
        A statistic above 0 where the left values vary less.
    """
    n = sum(len(left) for left, _ in columns)
    if not columns or any(len(left) < 2 for left, _ in columns):
        return too_few(n, 2 * max(1, len(columns)))
    scaled = []
    for left, right in columns:
        scale = math.sqrt((left.var() + right.var()) / 2) or 1.0
        scaled.append([(values - values.mean()) / scale for values in (left, right)])
    mine, theirs = (np.concatenate(side) for side in zip(*scaled, strict=True))
    df = n - len(columns) - 1
    total, difference = mine + theirs, theirs - mine
    norm = math.sqrt(float((total**2).sum() * (difference**2).sum()))
    if df < 1:
        return too_few(n, n - df + 1)
    if not norm:
        return NoAnswer("nothing varies", n)
    r = float((total * difference).sum()) / norm
    statistic = r / math.sqrt(max(1e-12, 1 - r * r) / df)
    return Significance("Pitman-Morgan", 2 * float(special.stdtr(df, -abs(statistic))), statistic, n)
