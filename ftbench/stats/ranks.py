"""Several methods across tasks: average ranks, and which of them differ.

The blocks are tasks, each with one number a method: its mean over seeds. Runs are not blocks, since the seeds
of one task are no independent tasks.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ftbench.stats import correction, paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import NoAnswer, Significance, too_few


def average_ranks(means: FloatArray) -> FloatArray:
    """Each method's rank, averaged over tasks, 1 the best and ties sharing theirs: (methods,).

    Args:
        means: (tasks, methods), none missing, one task at least.
    """
    rounded = np.round(means, paired.DIGITS)
    one, other = rounded[:, :, None], rounded[:, None, :]  # (tasks, methods, methods)
    ranks: FloatArray = (0.5 + (other > one).sum(axis=2) + 0.5 * (other == one).sum(axis=2)).mean(axis=0)
    return ranks


def friedman(means: FloatArray) -> Significance | NoAnswer:
    """Friedman's test that no method differs (1937, JASA 32), corrected for ties; chi-squared, k - 1 df.

    Args:
        means: (tasks, methods), none missing.
    """
    tasks, methods = means.shape
    if methods < 3:
        return too_few(methods, 3, "methods")
    if tasks < 2:
        return too_few(tasks, 2, "tasks")
    rounded = np.round(means, paired.DIGITS)
    if (rounded == rounded[:, :1]).all():
        return Significance("Friedman", 1.0, 0.0, tasks)
    # ``scipy.stats`` has it too, and takes as long to load as a table takes to make.
    sums = tasks * average_ranks(means)
    alike = (rounded[:, :, None] == rounded[:, None, :]).sum(axis=2)  # of each number, with itself
    ties = float((alike**2 - 1).sum()) / (tasks * methods * (methods**2 - 1))
    spread = 12 / (tasks * methods * (methods + 1)) * float((sums**2).sum()) - 3 * tasks * (methods + 1)
    statistic = spread / (1 - ties)
    return Significance("Friedman", float(special.chdtrc(methods - 1, statistic)), statistic, tasks)


def nemenyi(means: FloatArray) -> FloatArray | NoAnswer:
    """The p of each pair's difference in average rank (Nemenyi 1963; Demšar 2006, JMLR 7, section 3.2.2).

    Args:
        means: (tasks, methods), none missing.

    Returns:
        (methods, methods), adjusted for all pairs, symmetric, 1 on the diagonal.
    """
    from scipy import stats

    tasks, methods = means.shape
    if methods < 2:
        return too_few(methods, 2, "methods")
    if tasks < 2:
        return too_few(tasks, 2, "tasks")
    ranks = average_ranks(means)
    apart = np.abs(ranks[:, None] - ranks[None, :]) / math.sqrt(methods * (methods + 1) / (6 * tasks))
    p: FloatArray = np.ones((methods, methods))
    upper = np.triu_indices(methods, 1)
    p[upper] = stats.studentized_range.sf(apart[upper] * math.sqrt(2), methods, np.inf)
    return np.minimum(p, p.T)


def critical_difference(tasks: int, methods: int, alpha: float = 0.05) -> float:
    """The difference in average rank from which Nemenyi's test tells two methods apart (Demšar 2006, eq. 6).

    Args:
        tasks: how many, from 1.
        methods: how many, from 2.
        alpha: in (0, 1).
    """
    low, high = 0.0, 40.0  # of the studentized range
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, methods) > alpha else (low, middle)
    return high / math.sqrt(2) * math.sqrt(methods * (methods + 1) / (6 * tasks))


def _beyond(reach: float, methods: int) -> float:
    """How probably the range of so many standard normal numbers is larger.

    1 - k ∫ φ(z) (Φ(z + q) - Φ(z))^(k-1) dz, z the lowest, by the trapezoidal rule, which is exact to rounding
    here. ``scipy.stats`` has it too, and takes as long to load as a table takes to make.
    """
    lowest = np.linspace(-9.0, 9.0, 1001)
    others = special.ndtr(lowest + reach) - special.ndtr(lowest)
    density = methods * np.exp(-(lowest**2) / 2) / math.sqrt(2 * math.pi) * others ** (methods - 1)
    return float(1 - density.sum() * (lowest[1] - lowest[0]))


def wilcoxon_holm(means: FloatArray) -> FloatArray | NoAnswer:
    """Holm's p of each pair's signed-rank test over tasks (Benavoli, Corani & Mangili 2016, JMLR 17).

    Unlike Nemenyi's, whether two methods differ does not depend on which others are compared.

    Args:
        means: (tasks, methods), none missing.

    Returns:
        (methods, methods), symmetric, 1 on the diagonal.
    """
    tasks, methods = means.shape
    if methods < 2:
        return too_few(methods, 2, "methods")
    if tasks < 2:
        return too_few(tasks, 2, "tasks")
    upper = np.triu_indices(methods, 1)
    found = [
        paired.wilcoxon(paired.differences(means[:, i], means[:, j])) for i, j in zip(*upper, strict=True)
    ]
    p: FloatArray = np.ones((methods, methods))
    p[upper] = correction.holm(np.array([f.p if isinstance(f, Significance) else 1.0 for f in found]))
    return np.minimum(p, p.T)
