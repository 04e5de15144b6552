"""Two methods across tasks, in Bayes' words: better, worse, or the same for all practical purposes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import NoAnswer, too_few

SAMPLES = 20_000
PRIOR = 0.5
"""Strength of the one pseudo-task without a difference."""


@dataclass(frozen=True)
class Posterior:
    """Probabilities that sum to 1.

    Attributes:
        better: that the left method is better by more than the region.
        same: that the difference lies in the region of practical equivalence.
        worse: that it is worse by more than the region.
        n: the tasks behind it.
    """

    better: float
    same: float
    worse: float
    n: int


def signed_rank(differences: FloatArray, region: float, seed: int = 0) -> Posterior | NoAnswer:
    """The Bayesian signed-rank test (Benavoli, Corani, Demšar & Zaffalon 2017, JMLR 18, section 4.2.2).

    Dirichlet weights over the tasks and one pseudo-task; which region holds most of the weighted pairs' sums.

    Args:
        differences: (tasks,) left minus right, of the means over seeds.
        region: half the width of the region of practical equivalence, as a fraction, from 0.
        seed: of the sampling.
    """
    n = len(differences)
    if n < 2:
        return too_few(n, 2, "tasks")
    values = np.concatenate([[0.0], differences])
    sums = np.round(values[:, None] + values[None, :], 12)
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.array([PRIOR, *[1.0] * n]), SAMPLES)  # (samples, tasks + 1)
    above, below = (_share(weights, side, 2 * region) for side in (sums, -sums))
    regions = np.stack([above, 1 - above - below, below])
    most = regions == regions.max(axis=0)
    better, same, worse = (most / most.sum(axis=0)).mean(axis=1)
    return Posterior(float(better), float(same), float(worse), n)


def _share(weights: FloatArray, sums: FloatArray, bound: float) -> FloatArray:
    """The weight of the pairs beyond a bound, those on it counted half: (samples,)."""
    beyond = (sums > bound) + 0.5 * (np.abs(sums - bound) < 1e-12)
    share: FloatArray = np.einsum("si,ij,sj->s", weights, beyond, weights, optimize=True)
    return share
