"""Kendall's rank correlation, ties counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.domain.task import REGRESSION
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times

ROWS = 512
"""Rows of which the pairs are laid out at once."""


class Kendall(Metric):
    """Kendall's tau-b: how many more pairs of rows are in the right order than in the wrong one."""

    title = "Kendall's tau-b"
    heading = "Kendall"
    low = -1.0
    kinds = (REGRESSION,)
    formula = "(pairs in the right order − in the wrong one) / √(pairs not tied in predictions · in labels)"
    paper = "Kendall 1945, Biometrika 33; computed by scipy"
    edges = "0 where predictions or labels are all the same, and for one row"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """No correlation."""
        return 0.0

    def seen(self, logits: Floats) -> Floats:
        """The numbers that are predicted."""
        from ftbench.metrics._arrays import predicted_numbers

        return predicted_numbers(logits)

    def score(self, logits: Floats, labels: Labels) -> float:
        """By scipy, which counts the pairs in n log n."""
        import numpy as np
        from scipy.stats import kendalltau

        seen = self.seen(logits)
        if len(seen) < 2 or np.ptp(seen) == 0 or np.ptp(labels) == 0:
            return 0.0
        return float(kendalltau(seen, labels).statistic)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """All pairs of rows, counted as often as both are there."""
        import numpy as np

        from ftbench.metrics._arrays import ratio

        counted = times.astype(np.float64)
        sums = np.zeros((3, len(times)))  # pairs in order less those that are not; untied on either side
        for start in range(0, len(seen), ROWS):
            part = slice(start, start + ROWS)
            a, b = (np.sign(one[part, None] - one[None, :]) for one in (seen, labels))
            for total, pairs in zip(sums, (a * b, a * a, b * b), strict=True):
                total += ((counted[:, part] @ pairs) * counted).sum(axis=1)
        return ratio(sums[0], np.sqrt(sums[1] * sums[2]))
