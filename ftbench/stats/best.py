"""Which methods of a column can be told from the best of it."""

from __future__ import annotations

import numpy as np
from scipy import special

from ftbench.stats import paired, steady
from ftbench.stats.aggregate import BoolArray, FloatArray


def apart_from_best(scores: FloatArray, used: BoolArray, best: int) -> FloatArray:
    """Adjusted p of each method's difference to the best: (methods,), NaN for the best and without a test.

    The best is the best of what is looked at, and so above its own mean more often than not: hence
    Bonferroni's correction over all pairs of methods, not over those with the best alone. By t-tests of which
    no spread is taken to be below the column's (see :func:`ftbench.stats.steady.means`), with the degrees of
    freedom of the column's: a few seeds of a method that is plainly worse are to show it, also among many.

    Args:
        scores: (methods, seeds, tasks), NaN for a missing run.
        used: (tasks,) which of them count; a seed counts where both methods have them all.
        best: its row.
    """
    methods = len(scores)
    apart = np.round(scores[best] - scores, paired.DIGITS)
    apart[best] = np.nan
    which = np.broadcast_to(used, (methods, len(used))).copy()
    which[best] = False
    found = steady.means(apart, which, np.zeros(methods, dtype=np.int64))
    tested = np.isfinite(found.p) & (found.error > 0)
    if not tested.any():
        return np.full(methods, np.nan)
    statistic = np.where(tested, found.value / np.where(tested, found.error, 1.0), np.nan)
    p = 2 * special.stdtr(found.df[tested].max(), -np.abs(statistic))
    adjusted: FloatArray = np.minimum(1.0, p * (methods * (methods - 1) // 2))
    return adjusted
