"""The mean of the F1 of each class, weighted by its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class WeightedF1(Metric):
    """The mean of the F1 of each class, weighted by its rows."""

    title = "mean of the classes' F1, weighted by their rows"
    heading = "weighted F1"
    formula = "Σ rows·F1 / rows, over classes"
    edges = "a class without rows has no weight; one without hits has 0"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Guessing among classes that are equally large."""
        return 1 / classes if classes else None

    def seen(self, logits: Floats) -> Floats:
        """The classes that are answered."""
        from ftbench.metrics._arrays import answers

        return answers(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the counts of each class."""
        from ftbench.metrics._arrays import counts_by_class, ratio

        rows, called, hits = counts_by_class(seen, labels, times)
        return ratio((ratio(2 * hits, rows + called) * rows).sum(axis=1), rows.sum(axis=1))
