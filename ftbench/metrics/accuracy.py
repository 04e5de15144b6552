"""The share of the rows that are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Accuracy(Metric):
    """The share of the rows that are right."""

    heading = "accuracy"
    stored = True
    formula = "rows whose answer is right / rows"
    edges = "of equal logits the first class is the answer"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Guessing among the classes."""
        return 1 / classes if classes else None

    def seen(self, logits: Floats) -> Floats:
        """The classes that are answered."""
        from ftbench.metrics._arrays import answers

        return answers(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """Right rows over rows."""
        from ftbench.metrics._arrays import ratio

        return ratio(times @ (seen == labels), times.sum(axis=1))
