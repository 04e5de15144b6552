"""The area under the curve of risk against coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Aurc(Metric):
    """The mean error rate of the rows that are kept, over all shares that can be kept, the surest first."""

    title = "area under the risk-coverage curve"
    heading = "AURC"
    higher = False
    formula = "mean over k = 1 … n of the share of wrong answers among the k with the highest probability"
    paper = "Geifman and El-Yaniv 2017, arXiv 1705.08500; the area: Geifman et al. 2019, arXiv 1805.08206"
    edges = "rows of one probability: the mean over their orders, so that all equal have the error rate"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Guessing among the classes, whatever is kept."""
        return 1 - 1 / classes if classes else None

    def seen(self, logits: Floats) -> Floats:
        """The answer and its probability: (rows, 2)."""
        import numpy as np

        from ftbench.metrics._arrays import answers, certainty

        return np.stack([answers(logits), certainty(logits)], axis=1)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """Equal rows, above all those that a sample has several times, by the sum over their places.

        Of m rows with e errors behind k rows with E: Σ (E + e·j/m) / (k + j) over j = 1 … m
        = e + (E − e·k/m)·(H(k + m) − H(k)), with the harmonic numbers H.
        """
        import numpy as np

        from ftbench.metrics._arrays import descending, ratio

        order, starts = descending(seen[:, 1])
        drawn, wrong = times[:, order], seen[order, 0] != labels[order]
        m = np.add.reduceat(drawn, starts, axis=1)  # (samples, different probabilities)
        e = np.add.reduceat(drawn * wrong, starts, axis=1)
        upto, errors = m.cumsum(axis=1), e.cumsum(axis=1)
        k, n = upto - m, upto[:, -1]
        harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(n.max()) + 1))])
        parts = e + (errors - e - ratio(e * k, m)) * (harmonic[upto] - harmonic[k])
        found: Floats = parts.sum(axis=1) / n
        return found
