"""The harmonic mean of precision and recall of class 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class F1(Metric):
    """The harmonic mean of precision and recall of class 1 of two."""

    heading = "F1"
    classes = 2
    stored = True
    formula = "2·hits / (2·hits + misses + false alarms), of class 1"
    edges = "0 without a hit"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Coin tosses on classes that are equally large."""
        return 0.5

    def seen(self, logits: Floats) -> Floats:
        """The classes that are answered."""
        from ftbench.metrics._arrays import answers

        return answers(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the four counts."""
        from ftbench.metrics._arrays import confusion, ratio

        hits, missed, wrong, _ = confusion(seen, labels, times)
        return ratio(2 * hits, 2 * hits + wrong + missed)
