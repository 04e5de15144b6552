"""Brier's score of the probabilities of all classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Brier(Metric):
    """The squared distance of the probabilities from what is right, over all classes."""

    title = "Brier score, summed over the classes"
    heading = "Brier"
    high = 2.0
    higher = False
    formula = "mean over rows of Σ over classes of (probability − 1 if it is the row's class, else 0)²"
    paper = "Brier 1950, Monthly Weather Review 78; with two classes twice what is often given for one"
    edges = "2 for one row that is wrong for certain"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """All classes equally probable."""
        return 1 - 1 / classes if classes else None

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The mean over the rows."""
        import numpy as np

        from ftbench.metrics._arrays import is_class, log_probabilities

        apart = np.exp(log_probabilities(seen)) - is_class(labels, seen.shape[1])
        found: Floats = times @ (apart**2).sum(axis=1) / times.sum(axis=1)
        return found
