"""Reduction: fewer training rows with label 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.domain.task import TaskSpec
from ftbench.perturbations.base import Draws, LabelledRows, Perturber

if TYPE_CHECKING:
    from ftbench.perturbations.base import Integers


class Reduction(Perturber):
    """Remove ``round(ratio · n₁)`` of the n₁ rows with label 1."""

    name = "reduction"
    title = "Class imbalance"
    caption = "A fraction of the training rows with label 1 removed"
    along = "All training rows and fewer, by the ratio of those with label 1 that are removed."
    metric = "accuracy_label1"
    phrase = "label 1 reduced by"
    usual = (0, 0.5, 0.6, 0.7)
    order = 20
    wanted = "ratios from 0 to below 1, such as 0,0.1"
    flag = "--reduction"

    @dataclass(frozen=True)
    class Settings:
        """How many of them."""

        value: float = hparam(
            0.0, range=(0, 1), open="high", help="fraction of the training rows with label 1 that is removed"
        )

    def unsuitable(self, task: TaskSpec, rows: int | None) -> str | None:
        """No classes, or not one class a row."""
        if task.regression:
            return f"{task.title} is a regression task: it has no label 1 to reduce"
        return None if task.one_class else f"{task.title} has several labels a row: none is label 1 to reduce"

    def perturb(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        """Remove the first in the ranking."""
        import numpy as np

        ones = rows.numbers[rows.labels == 1]
        removed = draws.first(ones, round(self.settings.value * len(ones)))
        return rows.only(np.setdiff1d(rows.numbers, removed)), removed
