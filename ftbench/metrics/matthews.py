"""Matthews' correlation of two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class Matthews(Metric):
    """The correlation of answers and labels of two classes."""

    heading = "Matthews"
    low = -1.0
    # On two classes of one size it is 2 · accuracy - 1: the same wrong answers move it by two points.
    margin = 2.0
    classes = 2
    stored = True
    formula = "(TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN))"
    paper = "Matthews 1975, Biochimica et Biophysica Acta 405"
    edges = "0 where one class alone is answered, or there"

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """No correlation."""
        return 0.0

    def seen(self, logits: Floats) -> Floats:
        """The classes that are answered."""
        from ftbench.metrics._arrays import answers

        return answers(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the four counts."""
        import numpy as np

        from ftbench.metrics._arrays import confusion, ratio

        hits, missed, wrong, passed = (one.astype(float) for one in confusion(seen, labels, times))
        spread = np.sqrt((hits + wrong) * (hits + missed) * (passed + wrong) * (passed + missed))
        return ratio(hits * passed - wrong * missed, spread)
