"""The share of the rows of class 1 that are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class AccuracyLabel1(Metric):
    """The recall of class 1, which papers on class imbalance call its accuracy."""

    title = "accuracy on evaluation rows with label 1"
    heading = "label 1"
    warning = "predicting 1 always scores 100"
    average = "the average accuracy on label 1"
    margin = 2.0
    stored = True
    formula = "rows of class 1 that are answered 1 / rows of class 1"
    edges = "no score where there is no row of class 1"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Guessing among the classes."""
        return 1 / classes if classes else None

    def seen(self, logits: Floats) -> Floats:
        """The classes that are answered."""
        from ftbench.metrics._arrays import answers

        return answers(logits)

    def score(self, logits: Floats, labels: Labels) -> float:
        """As samples have it; NaN without a row of class 1."""
        return super().score(logits, labels) if (labels == 1).any() else float("nan")

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """Found rows over rows of class 1; 0 where there are none."""
        from ftbench.metrics._arrays import confusion, ratio

        hits, missed, _, _ = confusion(seen, labels, times)
        return ratio(hits, hits + missed)
