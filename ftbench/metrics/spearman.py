"""The correlation of the ranks of predicted and right numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.domain.task import REGRESSION
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Spearman(Metric):
    """The correlation of the ranks, equal values sharing the middle one."""

    heading = "Spearman"
    low = -1.0
    kinds = (REGRESSION,)
    stored = True
    formula = "Pearson of the ranks, equal values sharing the middle one"
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
        from scipy.stats import rankdata

        from ftbench.metrics._arrays import correlated

        return correlated(rankdata(self.seen(logits)), rankdata(labels.astype(np.float64)))

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The ranks are those within each sample."""
        from ftbench.metrics._arrays import correlation, middle_ranks

        n = times.sum(axis=1, keepdims=True)
        a, b = (middle_ranks(values, times) / n for values in (seen, labels))
        return correlation(*((times * one * two).sum(axis=1) for one, two in ((a, b), (a, a), (b, b))))
