"""Two runs on the same examples: McNemar's test, and a bootstrap over the examples.

They say whether two trained models differ, of one seed each. They say nothing of how a method fares with
another seed, and the runs of several seeds must not be pooled: examples repeat, so pooled tests find
differences where there are none.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.findings import Interval, NoAnswer, Significance, too_few
from ftbench.stats.samples import Counts, Resampled, kinds

RESAMPLES = 10_000
AT_ONCE = 1_000_000
"""Numbers of examples in memory at a time: resamples by kinds of example."""


def mcnemar(left: BoolArray, right: BoolArray) -> Significance | NoAnswer:
    """McNemar's exact test: has each run half of the examples that one alone has right?

    McNemar 1947, Psychometrika 12; the binomial instead of his chi-squared.

    Args:
        left: (examples,) whether the left run has an example right.
        right: (examples,), the same examples.
    """
    n = len(left)
    if not n:
        return too_few(0, 1, "examples")
    mine, theirs = int((left & ~right).sum()), int((right & ~left).sum())
    apart = mine + theirs
    p = min(1.0, 2 * float(special.bdtr(min(mine, theirs), apart, 0.5)))
    return Significance("McNemar", p, float(mine - theirs), n, min(1.0, 2.0 ** (1 - apart)))


def bootstrap(
    left: FloatArray,
    right: FloatArray,
    labels: FloatArray,
    metric: Resampled,
    *,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval | NoAnswer:
    """The difference in a metric of a whole set, examples resampled with replacement (Koehn 2004, section 3).

    The same examples are drawn for both runs. The interval is of percentiles. Examples with the same label
    and the same two predictions are drawn together, by their number: of two classes there are eight kinds.

    Args:
        left: (examples,) or (examples, parts), what the metric sees of the left run.
        right: the same of the right run, the same examples.
        labels: (examples,) or (examples, parts).
        metric: of samples.
        level: in (0, 1).
        seed: of the bootstrap.
        resamples: how many.
    """
    n = len(labels)
    if n < 2:
        return too_few(n, 2, "examples")
    labels, (left, right), times = kinds(labels, left, right)

    def difference(drawn: Counts) -> FloatArray:
        return metric(left, labels, drawn) - metric(right, labels, drawn)

    rng = np.random.default_rng(seed)
    at_once = max(1, AT_ONCE // len(times))
    sizes = [min(at_once, resamples - start) for start in range(0, resamples, at_once)]
    found = np.concatenate([difference(rng.multinomial(n, times / n, size=size)) for size in sizes])
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(difference(times[None])[0]), float(low), float(high), n, level, "bootstrap")
