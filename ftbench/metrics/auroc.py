"""The area under the curve of hits against false alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Auroc(Metric):
    """The area under the curve of hits against false alarms."""

    title = "area under the ROC curve"
    heading = "AUROC"
    formula = "P(a row of the class is above one of no such class), ties half"
    paper = "Hanley and McNeil 1982, Radiology 143"
    edges = (
        "two classes: of class 1; more: the mean of one class against the rest, those without rows or "
        "without others left out; 0.5 where none is left"
    )

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Any order."""
        return 0.5

    def seen(self, logits: Floats) -> Floats:
        """How sure each class is, in the order of its probability."""
        from ftbench.metrics._arrays import log_odds

        return log_odds(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The mean over the classes."""
        import numpy as np

        from ftbench.metrics._arrays import hits_by_rank, is_class, ratio

        total, there = np.zeros(len(times)), np.zeros(len(times))
        own = is_class(labels, seen.shape[1])
        for at in [1] if seen.shape[1] == 2 else range(seen.shape[1]):
            hits, wrong = hits_by_rank(seen[:, at], own[:, at], times)
            positive, negative = hits.sum(axis=1), wrong.sum(axis=1)
            above = (hits * (negative[:, None] - wrong.cumsum(axis=1) + wrong / 2)).sum(axis=1)
            defined = positive * negative > 0
            total += np.where(defined, ratio(above, positive * negative), 0.0)
            there += defined
        return np.where(there > 0, ratio(total, there), 0.5)
