"""Two runs on the same examples: McNemar's test, and a bootstrap over the examples.

They say whether two trained models differ, of one seed each. They say nothing of how a method fares with
another seed, and the runs of several seeds must not be pooled: examples repeat, so pooled tests find
differences where there are none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.findings import Interval, NoAnswer, Significance, too_few

RESAMPLES = 1_000


def mcnemar(left: BoolArray, right: BoolArray) -> Significance | NoAnswer:
    """McNemar's exact test: has each run half of the examples that one alone has right?

    McNemar 1947, Psychometrika 12; the binomial instead of his chi-squared.

    Args:
        left: (examples,) whether the left run has an example right.
        right: (examples,), the same examples.
    """
    from scipy import stats

    n = len(left)
    if not n:
        return too_few(0, 1, "examples")
    mine, theirs = int((left & ~right).sum()), int((right & ~left).sum())
    apart = mine + theirs
    p = float(stats.binomtest(mine, apart).pvalue) if apart else 1.0
    return Significance("McNemar", p, float(mine - theirs), n, min(1.0, 2.0 ** (1 - apart)))


def bootstrap(
    left: FloatArray,
    right: FloatArray,
    labels: FloatArray,
    metric: Callable[[FloatArray, FloatArray], float],
    *,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval | NoAnswer:
    """The difference in a metric of a whole set, examples resampled with replacement (Koehn 2004, section 3).

    The same examples are drawn for both runs. The interval is of percentiles.

    Args:
        left: (examples, …) what the left run predicts.
        right: (examples, …), the same examples.
        labels: (examples,).
        metric: of predictions and labels.
        level: in (0, 1).
        seed: of the bootstrap.
        resamples: how many.
    """
    n = len(labels)
    if n < 2:
        return too_few(n, 2, "examples")
    rng = np.random.default_rng(seed)
    drawn = np.empty(resamples)
    for at in range(resamples):
        rows: npt.NDArray[np.int64] = rng.integers(n, size=n)
        drawn[at] = metric(left[rows], labels[rows]) - metric(right[rows], labels[rows])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    value = metric(left, labels) - metric(right, labels)
    return Interval(float(value), float(low), float(high), n, level, "bootstrap")
