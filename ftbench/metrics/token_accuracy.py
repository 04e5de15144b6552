"""The share of the labelled words whose tag is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.domain.task import NO_LABEL, TOKEN_CLASSIFICATION
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class TokenAccuracy(Metric):
    """The share of the labelled words whose tag is right."""

    title = "accuracy over words"
    heading = "word accuracy"
    kinds = (TOKEN_CLASSIFICATION,)
    stored = True
    formula = "words whose tag is right / labelled words"
    edges = "a word that was cut off counts as O, without that tag as the first; 0 without words"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Guessing among the tags."""
        return 1 / classes if classes else None

    def seen(self, logits: Floats) -> Floats:
        """The tags that are answered."""
        from ftbench.metrics._arrays import answered_tags

        return answered_tags(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the counts of each sentence."""
        from ftbench.metrics._arrays import ratio

        labelled = labels != NO_LABEL
        return ratio(times @ ((seen == labels) & labelled).sum(axis=1), times @ labelled.sum(axis=1))
