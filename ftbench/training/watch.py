"""Watch: the loss and gradient norm of a run and what it records, without a synchronisation in any step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ftbench.domain.result import CurvePoint
from ftbench.run.run import Run

LOG_POINTS = 50


class Diverged(Exception):
    """A loss, a gradient or a prediction is not finite; the message says which and where."""


class Watch:
    """Loss, gradient norm and recorded values of a run, kept on the device and read at log points only.

    Attributes:
        every: steps between two log points.
        points: what was read so far.
    """

    def __init__(self, run: Run) -> None:
        """Begin with nothing seen."""
        self._run, self.points = run, list[CurvePoint]()
        self.every = max(1, run.total_steps // LOG_POINTS)
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._norm: Tensor | None = None
        self._bad: Tensor | None = None

    def note(self, step: int, loss: Tensor) -> None:
        """Take the loss of a step (from 0) and the norm of its gradients; no synchronisation.

        Raises:
            TypeError: the method gave no loss.
        """
        if not torch.is_tensor(loss):
            raise TypeError(
                f"training_step must return the loss of its batch, a tensor; it returned {loss!r}"
            )
        norm = self._run.grad_norm
        norm = torch.zeros_like(loss) if norm is None else norm.to(loss)
        if self._bad is None:
            self._bad = torch.full((), -1, dtype=torch.int64, device=loss.device)
        bad = ~(torch.isfinite(loss) & torch.isfinite(norm)) & (self._bad < 0)
        self._bad = torch.where(bad, step, self._bad)
        self._norm = norm
        for name, value in {"loss": loss, **self._run.recorded}.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1

    def read(self) -> None:
        """Log the means since the last log point of the loss and what is recorded, and the last norm."""
        self.check()
        step, run = self._run.step + 1, self._run.name
        for name, total in self._sums.items():
            self.points.append(CurvePoint(run, step, name, float(total) / self._counts[name]))
        if self._norm is not None and self._sums:
            self.points.append(CurvePoint(run, step, "grad_norm", float(self._norm)))
        self._sums, self._counts = {}, {}

    def check(self) -> None:
        """Raise ``Diverged`` if any step so far was not finite."""
        if self._bad is not None and int(self._bad) >= 0:
            step = int(self._bad) + 1
            raise Diverged(f"loss or gradient is not finite from step {step} of run '{self._run.name}'")

    def state(self) -> dict[str, Any]:
        """For the checkpoint."""
        points = [[p.run, p.step, p.name, p.value] for p in self.points]
        return {"points": points, "sums": self._sums, "counts": self._counts}

    def load(self, state: Mapping[str, Any]) -> None:
        """From the checkpoint."""
        self.points = [CurvePoint(*p) for p in state["points"]]
        self._sums, self._counts = state["sums"], state["counts"]
