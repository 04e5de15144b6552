"""Seeds and test examples together: what another seed and other test rows would change.

An interval over seeds is of this test set; one over examples is of these trained models. This one carries
both, and says which part of it no further seed removes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval, NoAnswer, too_few
from ftbench.stats.samples import Counts, Resampled, kinds

AT_ONCE = 1_000_000
"""Numbers of examples in memory at a time."""


@dataclass(frozen=True)
class TwoWay:
    """The mean difference over seeds.

    Attributes:
        interval: of seeds and examples together; n: the seeds.
        floor: half the width that is left with any number of seeds, at the interval's level.
    """

    interval: Interval
    floor: float


def two_way(
    left: Sequence[FloatArray],
    right: Sequence[FloatArray],
    labels: FloatArray,
    metric: Resampled,
    level: float = 0.95,
) -> TwoWay | NoAnswer:
    """The difference in a metric over seeds and examples, both samples (Owen 2007, Ann. Appl. Stat. 1).

    V = V(seeds) + V(examples) - V(both): of the seeds' differences, divided by their number; of the mean
    difference by the jackknife over examples, on all seeds at once; and what is counted twice, the
    interaction, from how much less the examples move the mean than each seed's own difference. What stays
    with more seeds is V(examples) - V(both). The interval is that of t, with the degrees of freedom of
    Satterthwaite (1946). Of accuracy all this is the analysis of variance of two crossed factors.

    Args:
        left: (examples,) or (examples, parts), what the metric sees of each seed.
        right: the same of the right runs, the same seeds and examples.
        labels: (examples,) or (examples, parts).
        metric: of samples.
        level: in (0, 1).
    """
    n, examples = len(left), len(labels)
    if n < 2 or examples < 2:
        return too_few(n, 2, "seeds") if n < 2 else too_few(examples, 2, "examples")
    gold, seen, times = kinds(labels, *left, *right)
    mine, theirs = seen[:n], seen[n:]

    def differences(drawn: Counts) -> FloatArray:
        """(seeds, samples) of samples (samples, kinds)."""
        pairs = zip(mine, theirs, strict=True)
        return np.stack([metric(a, gold, drawn) - metric(b, gold, drawn) for a, b in pairs])

    found = differences(times[None])[:, 0]
    without = _left_out(differences, times)  # (seeds, kinds)
    mean = _jackknife(without.mean(axis=0), times)
    own = float(np.mean([_jackknife(one, times) for one in without]))
    both = max(0.0, own - mean) / (n - 1)
    seeds, rows = float(found.var(ddof=1)) / n, max(0.0, mean - both)
    total = seeds + rows
    value = float(found.mean())
    if total <= 0:
        return NoAnswer("nothing varies", n)
    df = total**2 / (seeds**2 / (n - 1) + rows**2 / (examples - 1))
    half = math.sqrt(total) * float(special.stdtrit(df, (1 + level) / 2))
    floor = math.sqrt(rows) * float(special.ndtri((1 + level) / 2))
    return TwoWay(Interval(value, value - half, value + half, n, level, "two-way t"), floor)


def _left_out(differences: Callable[[Counts], FloatArray], times: Counts) -> FloatArray:
    """The differences without one example of each kind in turn: (seeds, kinds)."""
    size = max(1, AT_ONCE // len(times))
    parts = []
    for start in range(0, len(times), size):
        at = np.arange(start, min(len(times), start + size))
        drawn = np.repeat(times[None], len(at), axis=0)
        drawn[np.arange(len(at)), at] -= 1
        parts.append(differences(drawn))
    return np.concatenate(parts, axis=1)


def _jackknife(without: FloatArray, times: Counts) -> float:
    """The variance by leaving each example out, those of a kind being alike."""
    n = int(times.sum())
    middle = float(without @ times) / n
    return (n - 1) / n * float((without - middle) ** 2 @ times)
