"""Which methods of a column can be told from the best of it."""

from __future__ import annotations

import numpy as np

from ftbench.stats import paired, steady
from ftbench.stats.aggregate import BoolArray, FloatArray


def apart_from_best(scores: FloatArray, used: BoolArray, best: int) -> FloatArray:
    """Adjusted p of each method's difference to the best: (methods,), NaN for the best and without a test.

    The best is the best of what is looked at, and so above its own mean more often than not: hence
    Bonferroni's correction over all pairs of methods, not over those with the best alone. By t-tests of which
    no spread is taken to be below the column's; see :func:`ftbench.stats.steady.means`.

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
    p = steady.means(apart, which, np.zeros(methods, dtype=np.int64)).p
    adjusted: FloatArray = np.minimum(1.0, p * (methods * (methods - 1) // 2))
    return adjusted
