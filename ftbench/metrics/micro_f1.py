"""F1 of all labels that rows have and are given, counted together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.domain.task import MULTI_LABEL
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class MicroF1(Metric):
    """F1 of all labels that rows have and are given, counted together."""

    title = "F1 over all labels together"
    heading = "micro F1"
    kinds = (MULTI_LABEL,)
    stored = True
    formula = "2·hits / (labels that rows have + labels that they are given), given where p > ½"
    edges = "0 without a hit"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Of a model that gives no label, as those do that have learnt nothing of rare ones."""
        return 0.0

    def seen(self, logits: Floats) -> Floats:
        """The labels that are given."""
        from ftbench.metrics._arrays import given_labels

        return given_labels(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the counts of each row."""
        from ftbench.metrics._arrays import ratio

        hits, both = (seen * labels).sum(axis=1), (seen + labels).sum(axis=1)
        return ratio(times @ (2 * hits), times @ both)
