"""The mean precision over the recalls, from the surest row down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class AveragePrecision(Metric):
    """The mean precision over the recalls, from the surest row down."""

    title = "average precision"
    heading = "AP"
    formula = "Σ (recall − recall before)·precision, over the different scores from the highest down"
    paper = "Zhu 2004, University of Waterloo; as scikit-learn has it, nothing interpolated"
    edges = (
        "two classes: of class 1; more: the mean of one class against the rest, those without rows left out; "
        "0 where none is left"
    )

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """The share of the class, which any order has."""
        if labels is not None and classes == 2:
            return float((labels == 1).mean())
        return 1 / classes if classes else None

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
            positive, found = hits.sum(axis=1), hits.cumsum(axis=1)
            precision = ratio(found, found + wrong.cumsum(axis=1))
            total += ratio((precision * hits).sum(axis=1), positive)
            there += positive > 0
        return ratio(total, there)
