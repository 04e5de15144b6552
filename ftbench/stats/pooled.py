"""Over all tasks at once: the interquartile mean, and the probability of improvement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ftbench.stats.aggregate import FloatArray, IntArray, tallies
from ftbench.stats.findings import Interval, NoAnswer, too_few

RESAMPLES = 2_000


def interquartile_mean(scores: FloatArray) -> float:
    """The mean of the middle half of all runs (Agarwal et al. 2021, arXiv:2108.13264, section 4.2).

    Args:
        scores: (seeds, tasks), NaN for a missing run; of one scale. One run at least.
    """
    from scipy import stats

    return float(stats.trim_mean(scores[np.isfinite(scores)], 0.25))


def iqm_interval(scores: FloatArray, level: float = 0.95, seed: int = 0) -> Interval | NoAnswer:
    """The interquartile mean with a bootstrap interval, runs drawn task by task (Agarwal et al. 2021, 4.1).

    Args:
        scores: (seeds, tasks), NaN for a missing run.
        level: in (0, 1).
        seed: of the bootstrap.
    """
    runs = _runs([scores])
    if isinstance(runs, NoAnswer):
        return runs
    (columns,) = runs

    def middle(drawn: Sequence[Sequence[IntArray]]) -> FloatArray:
        return _trimmed(
            np.concatenate([c[places] for c, places in zip(columns, drawn[0], strict=True)], axis=1)
        )

    return _interval(runs, middle, level, seed)


def improvement(
    left: FloatArray, right: FloatArray, level: float = 0.95, seed: int = 0
) -> Interval | NoAnswer:
    """How probably a run of ``left`` beats one of ``right``, over tasks (Agarwal et al. 2021, section 4.3).

    The mean over tasks of P(left > right) + P(left = right) / 2; the runs are not paired. The interval is of
    a bootstrap, runs drawn task by task.

    Args:
        left: (seeds, tasks), NaN for a missing run.
        right: (seeds, tasks), the same tasks.
        level: in (0, 1).
        seed: of the bootstrap.
    """
    runs = _runs([left, right])
    if isinstance(runs, NoAnswer):
        return runs

    beats = [np.sign(one[:, None] - other[None, :]) for one, other in zip(*runs, strict=True)]

    def chance(drawn: Sequence[Sequence[IntArray]]) -> FloatArray:
        tasks = zip(beats, *drawn, strict=True)
        chances: FloatArray = 0.5 + np.mean([_mean_of_pairs(*task) for task in tasks], axis=0) / 2
        return chances

    return _interval(runs, chance, level, seed)


def _mean_of_pairs(values: FloatArray, left: IntArray, right: IntArray) -> FloatArray:
    """The mean over all pairs of what was drawn: (left, right), and two of (resamples, runs)."""
    first, second = (tallies(*drawn) for drawn in zip((left, right), values.shape, strict=True))
    sums: FloatArray = ((first @ values) * second).sum(axis=1)
    return sums / values.size


def _runs(methods: Sequence[FloatArray]) -> list[list[FloatArray]] | NoAnswer:
    """Each method's runs, task by task; every task needs two."""
    columns = [[column[np.isfinite(column)] for column in scores.T] for scores in methods]
    fewest = min((len(column) for method in columns for column in method), default=0)
    return columns if fewest >= 2 else too_few(fewest, 2, "runs of a task")


def _interval(
    methods: Sequence[Sequence[FloatArray]],
    statistic: Callable[[Sequence[Sequence[IntArray]]], FloatArray],
    level: float,
    seed: int,
) -> Interval:
    """Percentiles of a statistic of drawn runs: their places, (resamples, runs), for each method and task."""
    rng = np.random.default_rng(seed)
    counts = [[len(column) for column in method] for method in methods]
    drawn = [[rng.integers(n, size=(RESAMPLES, n)) for n in method] for method in counts]
    low, high = np.quantile(statistic(drawn), [(1 - level) / 2, (1 + level) / 2])
    value = statistic([[np.arange(n)[None, :] for n in method] for method in counts])[0]
    return Interval(float(value), float(low), float(high), min(map(min, counts)), level, "bootstrap")


def _trimmed(runs: FloatArray) -> FloatArray:
    """The interquartile mean of each row: (resamples,)."""
    from scipy import stats

    return np.asarray(stats.trim_mean(runs, 0.25, axis=1), dtype=np.float64)
