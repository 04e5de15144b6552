"""Over all tasks at once: the interquartile mean, and the probability of improvement."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval, NoAnswer, too_few
from ftbench.stats.statistics.iqm import middle

HALVINGS = 50


def interquartile_mean(scores: FloatArray) -> float:
    """The mean of the middle half of all runs (Agarwal et al. 2021, arXiv:2108.13264, section 4.2).

    Differs from the authors' code: it cuts whole runs, rounded down; here the runs at the cuts count in part.

    Args:
        scores: (seeds, tasks), NaN for a missing run; of one scale. One run at least.
    """
    return middle(scores[np.isfinite(scores)])


def iqm_interval(scores: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """The interquartile mean with a t interval of the jackknife over seeds (Tukey 1958; Miller 1974).

    A seed is left out on all tasks at once, so that what its runs share is in the interval.

    Args:
        scores: (seeds, tasks), NaN for a missing run.
        level: in (0, 1).
    """
    fewest = _fewest(scores)
    if fewest < 2:
        return too_few(fewest, 2, "runs of a task")
    seeds = np.flatnonzero(np.isfinite(scores).any(axis=1))
    value, n = interquartile_mean(scores), len(seeds)
    without = np.array([interquartile_mean(np.delete(scores, seed, axis=0)) for seed in seeds])
    error = math.sqrt((n - 1) * float(without.var()))
    half = error * float(special.stdtrit(n - 1, (1 + level) / 2))
    return Interval(value, value - half, value + half, n, level, "jackknife")


def improvement(left: FloatArray, right: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """How probably a run of ``left`` beats one of ``right``, over tasks (Agarwal et al. 2021, section 4.3).

    The mean over tasks of P(left > right) + P(left = right) / 2; the runs are not paired. The interval holds
    the probabilities θ with abs(found - θ) ≤ z σ(θ) (Newcombe 2006, Stat. Med. 25, method 5; σ of Hanley &
    McNeil 1982), so that runs which all win leave room below 1, as few seeds should.

    Args:
        left: (seeds, tasks), NaN for a missing run.
        right: (seeds, tasks), the same tasks.
        level: in (0, 1).
    """
    fewest = min(_fewest(left), _fewest(right))
    if fewest < 2:
        return too_few(fewest, 2, "runs of a task")
    tasks = [
        (one[np.isfinite(one)], other[np.isfinite(other)]) for one, other in zip(left.T, right.T, strict=True)
    ]
    wins = [float(np.sign(one[:, None] - other[None, :]).mean()) for one, other in tasks]
    value = 0.5 + float(np.mean(wins)) / 2
    counts = [(len(one), len(other)) for one, other in tasks]
    z = float(special.ndtri((1 + level) / 2))
    low = 1 - _furthest(1 - value, counts, z)
    return Interval(value, low, _furthest(value, counts, z), fewest, level, "score")


def _furthest(value: float, counts: list[tuple[int, int]], z: float) -> float:
    """The largest probability that a found one does not rule out."""
    low, high = value, 1.0
    for _ in range(HALVINGS):
        at = (low + high) / 2
        low, high = (at, high) if at - value <= z * _deviation(at, counts) else (low, at)
    return low


def _deviation(theta: float, counts: list[tuple[int, int]]) -> float:
    """The standard deviation of the mean over tasks of wins, each of so many runs of both methods."""
    shared = (1 - theta) / (2 - theta) + theta / (1 + theta)
    parts = [(1 + ((m + n) / 2 - 1) * shared) / (m * n) for m, n in counts]
    return math.sqrt(theta * (1 - theta) * sum(parts)) / len(counts)


def _fewest(scores: FloatArray) -> int:
    """The runs of the task that has the fewest."""
    return int(np.isfinite(scores).sum(axis=0).min()) if scores.size else 0
