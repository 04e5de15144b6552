"""Two methods over tasks like these: better, worse, or the same for all practical purposes.

A mixed model, seeds within tasks: each task has a true difference of its own, known as well as its seeds
tell, and these scatter over tasks. It takes the place of a signed-rank test on the tasks' means, to which two
seeds and two hundred are the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from ftbench.stats.aggregate import FloatArray, present
from ftbench.stats.findings import NoAnswer, too_few
from ftbench.stats.paired import EQUAL, SMALLEST
from ftbench.stats.statistics.mean import mean
from ftbench.stats.statistics.std import std

SCATTER = 0.02
"""Scale of the half-Cauchy prior of the scatter over tasks: two points; half of it lies below."""
PLACES, SCATTERS, SPREADS = 301, 32, 16
"""Nodes of the mean over tasks, of the scatter over tasks and of a task's standard error."""
WIDEST = 1.5
"""How far from its middle a mean difference is looked for, as a fraction."""


@dataclass(frozen=True)
class Posterior:
    """What is known of the mean difference over tasks like these; the probabilities sum to 1.

    Attributes:
        better: that it is above the region.
        same: that it lies in the region of practical equivalence.
        worse: that it is below the region.
        mean: its posterior mean.
        low: the lower end of its equal-tailed interval.
        high: the upper end.
        n: the tasks behind it.
    """

    better: float
    same: float
    worse: float
    mean: float
    low: float
    high: float
    n: int


def hierarchical(differences: FloatArray, region: float, level: float = 0.95) -> Posterior | NoAnswer:
    """The mixed model of Corani, Benavoli, Demšar, Mangili & Zaffalon (2017, Mach. Learn. 106, section 3).

    Seeds of task i scatter by σ_i around δ_i, p(σ_i) ∝ 1/σ_i; δ_i ~ N(μ, τ²), μ flat, τ half-Cauchy (Gelman
    2006, Bayesian Anal. 1), since few tasks say little of it. Differs from theirs: the region is asked of μ,
    not of the next task, normal tasks for Student's, and seeds are independent (ρ = 0): cross-validation
    shares training rows, seeds do not. Integrated on a grid, so nothing is drawn.

    Args:
        differences: (seeds, tasks) left minus right, NaN for a missing pair.
        region: half the width of the region of practical equivalence, as a fraction, from 0.
        level: of the interval, in (0, 1).
    """
    there = present(differences)
    n = np.isfinite(there).sum(axis=0)
    if there.shape[1] < 2:
        return too_few(there.shape[1], 2, "tasks")
    if n.min() < 2:
        return too_few(int(n.min()), 2, "pairs of a task")
    spreads = std(there)
    varied = spreads > SMALLEST
    if not varied.any():
        return NoAnswer(EQUAL, int(n.min()))
    # Seeds that happen to agree prove nothing: their task has the spread of the others.
    spreads = np.where(varied, spreads, math.sqrt(float(np.mean(spreads[varied] ** 2))))
    places, density = posterior(mean(there), spreads / np.sqrt(n), n - 1.0)
    steps = np.diff(places)
    below = np.concatenate([[0.0], np.cumsum(steps * (density[1:] + density[:-1]) / 2)])
    below /= below[-1]
    worse, most = (float(np.interp(at, places, below)) for at in (-region, region))
    low, high = (float(np.interp(q, below, places)) for q in ((1 - level) / 2, (1 + level) / 2))
    middle = float((np.diff(below) * (places[1:] + places[:-1]) / 2).sum())
    return Posterior(1 - most, most - worse, worse, middle, low, high, len(n))


def posterior(
    means: FloatArray, errors: FloatArray, df: FloatArray, scatter: float = SCATTER, widest: float = WIDEST
) -> tuple[FloatArray, FloatArray]:
    """The density of the mean over tasks, not normalised: places and density, (places,) each.

    Args:
        means: (tasks,) mean differences.
        errors: (tasks,) their standard errors, above 0.
        df: (tasks,) degrees of freedom of these.
        scatter: scale of the prior of the scatter over tasks.
        widest: how far from the middle of the means the places reach.
    """
    weights = 1 / (errors**2 + means.var())
    finest = float(errors.min()) / math.sqrt(len(means)) / 4
    reach = math.asinh(widest / finest)
    places = (weights @ means) / weights.sum() + finest * np.sinh(np.linspace(-reach, reach, PLACES))
    nodes = (np.arange(SCATTERS) + 0.5) / SCATTERS
    tau = scatter * np.tan(math.pi / 2 * nodes)  # equally probable
    shares = (np.arange(SPREADS) + 0.5) / SPREADS
    logs = np.zeros((PLACES, SCATTERS))
    for centre, error, freedom in zip(means, errors, df, strict=True):
        known = error**2 * freedom / special.chdtri(freedom, shares)  # (spreads,), equally probable
        variance = tau[:, None] ** 2 + known  # (scatters, spreads)
        apart = (places - centre)[:, None, None] ** 2
        found = np.exp(-apart / variance / 2) / np.sqrt(variance)  # (places, scatters, spreads)
        logs += np.log(np.maximum(found.mean(axis=2), 1e-300))
    return places, np.exp(logs - logs.max()).sum(axis=1)
