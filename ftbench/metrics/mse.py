"""Mean squared error of predicted numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ftbench.domain.task import REGRESSION
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Mse(Metric):
    """The mean squared error."""

    title = "mean squared error"
    heading = "MSE"
    high = math.inf
    higher = False
    percent = False
    unit = "the labels' unit, squared"
    margin = 1.0
    kinds = (REGRESSION,)
    stored = True
    formula = "mean of (prediction − label)²"
    edges = "the labels' variance is what the best constant has"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """The variance of the labels: the best constant prediction."""
        import numpy as np

        return None if labels is None else float(np.var(labels))

    def seen(self, logits: Floats) -> Floats:
        """The numbers that are predicted."""
        from ftbench.metrics._arrays import predicted_numbers

        return predicted_numbers(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The mean over the rows."""
        found: Floats = times @ (seen - labels) ** 2 / times.sum(axis=1)
        return found
