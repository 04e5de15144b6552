"""All that a table of methods and tasks marks, tested as one family.

On each task every method is compared with the baseline, and over all tasks every method with every other one:
the seeds' averages over the tasks. Both are paired t-tests over seeds, corrected together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ftbench.stats import paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import holm
from ftbench.stats.groups import letters

ALPHA = 0.05
"""The family-wise error that a table's marks keep."""


@dataclass(frozen=True)
class Leaderboard:
    """What a table can say; p are corrected over its family, NaN where there is no test.

    Attributes:
        against: (methods, tasks) p of the difference to the baseline.
        pairs: (methods, methods) p of the difference in the average over tasks; symmetric, 1 on the diagonal.
        family: the number of tests.
    """

    against: FloatArray
    pairs: FloatArray
    family: int

    def letters(self, alpha: float = ALPHA) -> tuple[str, ...]:
        """The letters of each method: those whose averages cannot be told apart share one."""
        return letters(np.nan_to_num(self.pairs, nan=1.0) < alpha)


def judge(
    scores: FloatArray,
    baseline: int | None = None,
    correct: Callable[[FloatArray], FloatArray] = holm,
    *,
    grouped: bool = True,
) -> Leaderboard:
    """Test all that a table marks.

    Args:
        scores: (methods, seeds, tasks), NaN for a missing run; a task that no method has is left out before.
        baseline: the row that is compared with on each task; None: nothing is.
        correct: of p values; see ``correction``.
        grouped: whether pairs of averages are tested.
    """
    methods, _, tasks = scores.shape
    against = np.full((methods, tasks), np.nan)
    if baseline is not None:
        apart = np.round(scores - scores[baseline], paired.DIGITS)  # (methods, seeds, tasks)
        flat = apart.transpose(1, 0, 2).reshape(apart.shape[1], methods * tasks)
        against = paired.t_tests(flat)[0].reshape(methods, tasks)
        against[baseline] = np.nan
    # NaN for a seed that lacks a task: (methods, seeds)
    averages = scores.mean(axis=2) if tasks else np.full(scores.shape[:2], np.nan)
    upper = np.triu_indices(methods if grouped else 0, 1)
    between = np.round(averages[upper[0]] - averages[upper[1]], paired.DIGITS)  # (pairs, seeds)
    found = np.concatenate([against.ravel(), paired.t_tests(between.T)[0]])
    there = np.isfinite(found)
    found[there] = correct(found[there])
    pairs = np.where(np.eye(methods, dtype=bool), 1.0, np.nan)
    pairs[upper] = pairs.T[upper] = found[methods * tasks :]
    return Leaderboard(found[: methods * tasks].reshape(methods, tasks), pairs, int(there.sum()))
