"""The correlation of predicted and right numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.domain.task import REGRESSION
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Pearson(Metric):
    """The correlation of the values."""

    heading = "Pearson"
    low = -1.0
    kinds = (REGRESSION,)
    stored = True
    formula = "cov(prediction, label) / √(var(prediction)·var(label))"
    edges = "0 where predictions or labels are all the same"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """No correlation."""
        return 0.0

    def seen(self, logits: Floats) -> Floats:
        """The numbers that are predicted."""
        from ftbench.metrics._arrays import predicted_numbers

        return predicted_numbers(logits)

    def score(self, logits: Floats, labels: Labels) -> float:
        """Of the rows as they are."""
        import numpy as np

        from ftbench.metrics._arrays import correlated

        return correlated(self.seen(logits), labels.astype(np.float64))

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the moments of each sample."""
        from ftbench.metrics._arrays import correlation, standard

        a, b = standard(seen), standard(labels)
        n = times.sum(axis=1)
        first, second = times @ a / n, times @ b / n
        together = times @ (a * b) / n - first * second
        return correlation(together, times @ a**2 / n - first**2, times @ b**2 / n - second**2)
