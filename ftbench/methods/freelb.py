"""FreeLB: several steps of an attack on the words, and a gradient from each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.domain.task import TaskSpec
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

INFINITY = float("inf")
EPS = 1e-30


def norms(values: Tensor) -> Tensor:
    """The length of each example, shape (rows, tokens, width) -> (rows, 1, 1)."""
    import torch

    lengths: Tensor = torch.linalg.vector_norm(values, dim=(1, 2), keepdim=True)
    return lengths


def climbed(delta: Tensor, gradient: Tensor, adv_lr: float, max_norm: float) -> Tensor:
    """A step of the attack: δ + α·g/‖g‖, drawn back to the ball ‖δ‖ ≤ r; each example for itself.

    Args:
        delta: δ, shape (rows, tokens, width).
        gradient: of the loss by δ, same shape; its scale does not matter, and 0 moves nothing.
        adv_lr: α, the length of the step.
        max_norm: r, 0 for no bound.
    """
    moved = delta + adv_lr * gradient / norms(gradient).clamp_min(EPS)
    if max_norm <= 0:
        return moved
    return moved * (max_norm / norms(moved).clamp_min(EPS)).clamp_max(1.0)


class FreeLB(Method):
    """FreeLB (Zhu et al. 2020, arXiv:1909.11764, Alg. 1): the mean gradient along an attack on the words.

    Differs from the authors' code: only in where no result changes; see the card.
    """

    title = "FreeLB"
    paper = "Zhu et al. 2020, arXiv:1909.11764, Alg. 1"
    family = "adversarial"
    formula = "g = (1/K)·Σ_t ∇_θ L(e + δ_t);  δ_{t+1} = Π_{‖δ‖≤r}(δ_t + α·∇_δL/‖∇_δL‖)"
    cost = "K passes a step, one after the other"
    memory = "the perturbation of a batch's words, and its gradient"
    neutral = {"steps": 1, "init_mag": 0.0}
    differs = (
        "steps, adv_lr, init_mag, max_norm: the authors tune them by task; the defaults are theirs for CoLA "
        "with RoBERTa. STS-B: 3, 0.1, 0.16, 0.28; MRPC: 3, 0.04, 0.64, 0.4.",
        "same_masks (default): one dropout mask for the K passes, as in the authors' code.",
        "δ begins uniform on ±init_mag/√(tokens·width) with the real tokens of each row, and is 0 on pads: "
        "padding and micro-batches change nothing. The code guards ‖g‖ at 1e-8, here at 1e-30.",
        "encoder-decoders: the attack is on the encoder's words.",
        "The gradient is clipped once, after all K passes, as in the authors' code.",
    )

    @dataclass(frozen=True)
    class HParams:
        """FreeLB's hyper-parameters."""

        steps: int = hparam(3, range=(1, 64), unit="passes", help="K: passes of each batch", grid=(2, 3, 5))
        adv_lr: float = hparam(
            0.025,
            range=(0, INFINITY),
            help="α: length of a step of the attack, by example",
            grid=(0.025, 0.04, 0.1),
        )
        init_mag: float = hparam(
            0.4, range=(0, INFINITY), help="bound of the first perturbation's length", grid=(0.16, 0.4, 0.64)
        )
        max_norm: float = hparam(
            0.3,
            range=(0, INFINITY),
            help="r: longest perturbation of an example; 0: no bound",
            grid=(0.28, 0.3, 0.4),
        )
        same_masks: bool = hparam(True, help="one dropout mask for all passes of a batch")

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """One for each step of the attack."""
        return float(self.hparams.steps)

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """K passes, whose gradients add up; the perturbation of each micro-batch is kept between them."""
        from contextlib import nullcontext

        self._deltas: dict[tuple[int, ...], Tensor] = {}
        total: Tensor | None = None
        with run.same_dropout() if self.hparams.same_masks else nullcontext():
            for _ in range(self.hparams.steps):
                loss = run.backward(self.compute_loss, batch)
                total = loss if total is None else total + loss
        self._deltas = {}
        run.step_optimizer("main")
        assert total is not None
        return total

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """The K-th part of the loss under the perturbation that this micro-batch has come to."""
        logits = run.forward(batch, embeddings=lambda e: e + self._delta(run, batch, e))
        steps = self.hparams.steps
        return run.task.loss(logits, batch.labels) / steps

    def _delta(self, run: Run, batch: Batch, like: Tensor) -> Tensor:
        """The first perturbation, or the last one after a step uphill; its gradient comes with the loss's."""
        last = self._deltas.get(batch.rows)
        if last is None:
            delta = self._first(run, batch, like)
        else:
            assert last.grad is not None
            delta = climbed(last.detach(), last.grad, self.hparams.adv_lr, self.hparams.max_norm)
        delta = delta.detach().requires_grad_()
        self._deltas[batch.rows] = delta
        return delta

    def _first(self, run: Run, batch: Batch, like: Tensor) -> Tensor:
        """Uniform on ±init_mag/√(tokens·width), 0 on pads."""
        lengths, width = batch.lengths or (like.shape[1],) * len(batch), like.shape[2]
        noise = run.noise.uniform(
            "embeddings", like.shape, -1.0, 1.0, like=like, rows=batch.rows, lengths=lengths, left=batch.left
        )
        sizes = [self.hparams.init_mag / math.sqrt(length * width) for length in lengths]
        return noise * like.new_tensor(sizes).reshape(-1, 1, 1)
