"""Lookahead: slow weights that follow the fast ones every k steps."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench import Method, hparam

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.run.data import Batch
    from ftbench.run.run import Run


class Lookahead(Method):
    """k steps forward, one step back (Zhang et al. 2019); the slow weights are scored."""

    title = "Lookahead"
    paper = "Zhang et al. 2019, arXiv:1907.08610, Alg. 1"
    family = "averaging"
    formula = "every k steps: φ ← φ + α(θ − φ), θ ← φ"
    cost = "1 pass a step"
    memory = "1 buffer a weight"
    neutral = {"k": 1, "alpha": 1.0}

    @dataclass(frozen=True)
    class HParams:
        """Lookahead's hyper-parameters."""

        k: int = hparam(5, range=(1, 1000), unit="steps", help="between two steps of the slow weights")
        alpha: float = hparam(0.5, range=(0, 1), open="low", help="how far the slow weights go")

    _slow: dict[str, Tensor]

    def on_train_start(self, run: Run) -> None:
        """The slow weights begin where the fast ones do."""
        self._slow = {name: p.detach().clone() for name, p in run.parameters.items()}

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """An update of the fast weights, and every k steps one of the slow ones."""
        loss = super().training_step(run, batch)
        if (run.step + 1) % self.hparams.k == 0:
            self._follow(run)
        return loss

    def _follow(self, run: Run) -> None:
        for name, slow in self._slow.items():
            fast = run.parameters[name].detach()
            slow.lerp_(fast, self.hparams.alpha)
            fast.copy_(slow)

    def model_for_evaluation(self, run: Run) -> nn.Module:
        """A model with the slow weights."""
        model = copy.deepcopy(run.model)
        for name, parameter in model.named_parameters():
            parameter.data.copy_(self._slow[name])
        return model

    def state_dict(self) -> dict[str, Any]:
        """The slow weights."""
        return {"slow": self._slow}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the slow weights back."""
        self._slow = dict(state["slow"])
