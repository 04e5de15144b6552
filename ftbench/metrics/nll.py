"""The negative log-likelihood of the labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Nll(Metric):
    """The mean of the negative logarithm of the right class's probability."""

    title = "negative log-likelihood"
    heading = "NLL"
    high = math.inf
    higher = False
    percent = False
    unit = "nats"
    margin = 0.02
    formula = "mean over rows of −ln(probability of the row's class)"
    paper = "Guo et al. 2017, arXiv 1706.04599, section 2"
    edges = "large where one row is wrong for certain; never infinite, as it comes from logits"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """All classes equally probable."""
        return math.log(classes) if classes else None

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The mean over the rows."""
        import numpy as np

        from ftbench.metrics._arrays import log_probabilities

        own = log_probabilities(seen)[np.arange(len(labels)), labels.astype(np.int64)]
        found: Floats = times @ -own / times.sum(axis=1)
        return found
