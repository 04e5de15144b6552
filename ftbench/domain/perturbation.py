"""Perturbation: a change to the training data."""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.domain.hparams import hparam


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
