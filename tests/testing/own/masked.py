"""A mask on the gradients that is drawn now and then, and kept in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench import Method, hparam

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.nn.optimizers import Optimizer
    from ftbench.run.run import Run


class Masked(Method):
    """A random part of every gradient is left out, the same part for some steps."""

    title = "Masked gradients"
    paper = "nobody's"
    family = "sub-network"
    formula = "g ← M ⊙ g;  M ~ Bernoulli(keep_ratio), anew every period steps"
    cost = "1 pass a step"
    memory = "1 mask a weight"
    neutral = {"keep_ratio": 1.0}

    @dataclass(frozen=True)
    class HParams:
        """The mask's hyper-parameters."""

        keep_ratio: float = hparam(0.7, range=(0, 1), open="low", help="part that is kept", grid=(0.5, 0.9))
        period: int = hparam(10, range=(1, 1000), unit="steps", help="how long a mask is kept")

    def __init__(self, hparams: HParams | None = None) -> None:
        """Begin without masks."""
        super().__init__(hparams)
        self._masks: dict[str, Tensor] = {}

    def edit_gradients(self, run: Run, optimizer: Optimizer) -> None:
        """Draw the masks where it is time, and mask."""
        if self.hparams.keep_ratio == 1:
            return
        if run.step % self.hparams.period == 0:
            self._draw(run)
        for name, mask in self._masks.items():
            gradient = run.parameters[name].grad
            if gradient is not None:
                gradient.mul_(mask)

    def _draw(self, run: Run) -> None:
        for name, p in run.parameters.items():
            self._masks[name] = run.noise.bernoulli(name, p.shape, self.hparams.keep_ratio, like=p)

    def state_dict(self) -> dict[str, Any]:
        """The masks."""
        return {"masks": self._masks}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the masks back."""
        self._masks = dict(state["masks"])
