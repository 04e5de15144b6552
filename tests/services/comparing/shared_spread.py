"""t-tests whose spread is at least the mean of all, the plain way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def by_hand(pairs: Sequence[np.ndarray], level: float) -> list[tuple[float, float, float]]:
    """Of each: p, and the ends of the interval."""
    variances, df = [one.var(ddof=1) for one in pairs], [len(one) - 1 for one in pairs]
    total = sum(v * d for v, d in zip(variances, df, strict=True))
    pool, many = total / sum(df), total**2 / sum(v**2 * d for v, d in zip(variances, df, strict=True))
    found = []
    for one, variance, own in zip(pairs, variances, df, strict=True):
        freedom = max(own, many) if pool > variance else own
        law = stats.t(freedom, scale=np.sqrt(max(pool, variance) / len(one)))
        half = law.ppf((1 + level) / 2)
        found.append((2 * law.sf(abs(one.mean())), one.mean() - half, one.mean() + half))
    return found
