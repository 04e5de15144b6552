"""The mean of the F1 of each class or label, however large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.domain.task import CLASSIFICATION, MULTI_LABEL, TaskSpec
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times


class MacroF1(Metric):
    """The mean of the F1 of each class or label, however large."""

    title = "mean of the classes' F1"
    heading = "macro F1"
    kinds = (CLASSIFICATION, MULTI_LABEL)
    formula = "mean over classes, or labels, of 2·hits / (rows + answers)"
    edges = "a class without rows and answers is left out; one without hits has 0"

    def __init__(self, several: bool = False) -> None:
        """Say whether rows have several labels."""
        self._several = several

    def for_task(self, task: TaskSpec) -> MacroF1:
        """By the task's kind."""
        return MacroF1(task.kind == MULTI_LABEL)

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Guessing among classes that are equally large; of several labels a model that gives none."""
        return 0.0 if self._several else 1 / classes if classes else None

    def seen(self, logits: Floats) -> Floats:
        """The classes that are answered, or the labels that are given."""
        from ftbench.metrics._arrays import answers, given_labels

        return given_labels(logits) if self._several else answers(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the counts of each class."""
        from ftbench.metrics._arrays import counts_by_class, ratio

        if self._several:
            given, right = seen == 1, labels == 1
            rows, called, hits = times @ right, times @ given, times @ (right & given)
        else:
            rows, called, hits = counts_by_class(seen, labels, times)
        there = rows + called > 0
        return ratio((ratio(2 * hits, rows + called) * there).sum(axis=1), there.sum(axis=1))
