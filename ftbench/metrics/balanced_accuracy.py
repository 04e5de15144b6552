"""The mean of the recall of each class, however large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class BalancedAccuracy(Metric):
    """The mean of the recall of each class, however large."""

    title = "mean of the classes' recalls"
    heading = "balanced acc."
    formula = "mean over classes of hits / rows"
    paper = "Brodersen et al. 2010, ICPR"
    edges = "a class without rows is left out"

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
        return ratio(ratio(hits, rows).sum(axis=1), (rows > 0).sum(axis=1))
