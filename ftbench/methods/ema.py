"""EMA: plain training, scored with a running average of its weights."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.run.data import Batch
    from ftbench.run.run import Run


def decay_at(update: int, decay: float, warmup: bool) -> float:
    """The decay after an update (from 1): min(β, (1+t)/(10+t)) with a warm-up, else β."""
    return min(decay, (1 + update) / (10 + update)) if warmup else decay


class EMA(Method):
    """Exponential moving average of the weights (Polyak & Juditsky 1992); training itself is vanilla's."""

    title = "EMA"
    paper = "Polyak & Juditsky 1992 (averages); Tarvainen & Valpola 2017, arXiv:1703.01780 (running ones)"
    family = "averaging"
    formula = "w̄ ← β_t·w̄ + (1−β_t)·w after every update; w̄ is scored"
    cost = "1 pass a step, and one more reading of the weights"
    memory = "1 buffer a weight"
    neutral = {"decay": 0.0}
    differs = (
        "No single paper proposes it for fine-tuning, so there is no authors' code; the choices are ours.",
        "warmup (default): β_t = min(β, (1+t)/(10+t)) after update t, as running averages are commonly "
        "warmed up: with a fixed 0.999, 94 % of the average of 60 updates would be the pretrained weights.",
        "Frozen weights and the head are averaged like all others; buffers are taken over as they are.",
    )

    @dataclass(frozen=True)
    class HParams:
        """EMA's hyper-parameters."""

        decay: float = hparam(
            0.999,
            range=(0, 1),
            open="high",
            help="β: what the average keeps of itself",
            grid=(0.9, 0.99, 0.999),
        )
        warmup: bool = hparam(
            True, help="begin with a smaller decay, so that short runs leave the start behind"
        )

    _average: nn.Module

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Keep a second model, which begins where the first does."""
        self._average = copy.deepcopy(model).requires_grad_(False)

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """An update as vanilla makes it, then the average."""
        loss = super().training_step(run, batch)
        self._fold(run.model, decay_at(run.step + 1, self.hparams.decay, self.hparams.warmup))
        return loss

    def model_for_evaluation(self, run: Run) -> nn.Module:
        """The averaged model."""
        return self._average

    def state_dict(self) -> dict[str, Any]:
        """The average: the optimisers know nothing of it."""
        return {"average": dict(self._average.state_dict())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the average back."""
        self._average.load_state_dict(state["average"])

    def _fold(self, model: nn.Module, decay: float) -> None:
        import torch

        with torch.no_grad():
            current = dict(model.named_parameters())
            for name, mean in self._average.named_parameters():
                mean.lerp_(current[name], 1 - decay)
            values = dict(model.named_buffers())
            for name, value in self._average.named_buffers():
                value.copy_(values[name])
