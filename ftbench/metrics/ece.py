"""Expected calibration error, in bins of equal mass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times

BINS = 15


class Ece(Metric):
    """How far the probability of the answer is from how often it is right."""

    title = "expected calibration error, 15 bins of equal mass"
    heading = "ECE"
    higher = False
    formula = (
        "Σ over bins of |right answers − sum of the answers' probabilities| / rows; a row is in bin "
        "⌊15·(rows with a lower probability) / rows⌋"
    )
    paper = "Guo et al. 2017, arXiv 1706.04599; bins of equal mass: Nixon et al. 2019, arXiv 1904.01685"
    edges = "rows of one probability share a bin, so that all equal make one"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Guesses that are held for certain; a constant that is as unsure as it should be has 0."""
        return 1 - 1 / classes if classes else None

    def seen(self, logits: Floats) -> Floats:
        """The answer and its probability: (rows, 2)."""
        import numpy as np

        from ftbench.metrics._arrays import answers, certainty

        return np.stack([answers(logits), certainty(logits)], axis=1)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The bins are those of each sample."""
        import numpy as np

        from ftbench.metrics._arrays import descending

        order, starts = descending(-seen[:, 1])  # the least sure first
        drawn, right = times[:, order], seen[order, 0] == labels[order]
        counts = np.add.reduceat(drawn, starts, axis=1)  # (samples, different probabilities)
        gaps = np.add.reduceat(drawn * (right - seen[order, 1]), starts, axis=1)
        n = counts.sum(axis=1)
        bins = BINS * (counts.cumsum(axis=1) - counts) // n[:, None]
        found: Floats = sum(abs((gaps * (bins == one)).sum(axis=1)) for one in range(BINS)) / n
        return found
