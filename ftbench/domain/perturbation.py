"""Perturbation: a change to the training data."""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.domain.hparams import hparam
from ftbench.domain.task import TaskSpec


@dataclass(frozen=True)
class Perturbation:
    """Applied in the order of the fields; the neutral value of each leaves the data as they are."""

    train_size: int | None = hparam(
        None, range=(1, float("inf")), unit="rows", help="train on a subset of this many rows"
    )
    reduction: float = hparam(
        0.0, range=(0, 1), open="high", help="fraction of the training rows with label 1 that is removed"
    )
    noise: float = hparam(
        0.0, range=(0, 1), open="high", help="fraction of the training labels that is replaced by a wrong one"
    )

    def canonical(self) -> dict[str, int | float]:
        """The changes that this perturbation makes; empty for the clean run."""
        changes: dict[str, int | float] = {}
        if self.train_size is not None:
            changes["train_size"] = self.train_size
        if self.reduction:
            changes["reduction"] = self.reduction
        if self.noise:
            changes["noise"] = self.noise
        return changes


def check(task: TaskSpec, perturbation: Perturbation) -> str | None:
    """Why a task cannot have this perturbation, in one line; None where it can."""
    if not task.regression:
        return None
    if perturbation.reduction:
        return f"{task.name} has scores for labels: there are no rows of class 1 that reduction could remove"
    if perturbation.noise:
        return (
            f"{task.name} has scores for labels: noise, which replaces a class by another one, is not defined"
        )
    return None


def condition_title(noise: float, reduction: float) -> str:
    """What a title says of a perturbation."""
    changes = {"noise": noise, "reduction": reduction}
    return "".join(f" · {name} {100 * ratio:g} %" for name, ratio in changes.items() if ratio)
