"""Mean absolute error of predicted numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ftbench.domain.task import REGRESSION
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Mae(Metric):
    """The mean absolute error."""

    title = "mean absolute error"
    heading = "MAE"
    high = math.inf
    higher = False
    percent = False
    unit = "the labels' unit"
    margin = 0.05
    kinds = (REGRESSION,)
    formula = "mean of |prediction − label|"
    edges = "0 for one row that is right"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Their mean distance from their median: the best constant prediction."""
        import numpy as np

        return None if labels is None else float(np.abs(labels - np.median(labels)).mean())

    def seen(self, logits: Floats) -> Floats:
        """The numbers that are predicted."""
        from ftbench.metrics._arrays import predicted_numbers

        return predicted_numbers(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The mean over the rows."""
        import numpy as np

        found: Floats = times @ np.abs(seen - labels) / times.sum(axis=1)
        return found
