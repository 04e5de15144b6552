"""Bi-Drop: update the sub-net whose gradients agree over several dropout passes of one batch."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.domain.model import LINEAR
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.domain.task import TaskSpec
    from ftbench.nn.optimizers import Optimizer
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

EPS = 1e-12


#: Selections that look at how the passes differ.
PERTURBED = ("ess", "perturbation")


def fold(mean: Tensor, squares: Tensor | None, gradient: Tensor, count: int) -> Tensor:
    """Add the ``count``-th gradient to the running mean and squared deviations (Welford 1962).

    Args:
        mean: of the gradients so far; changed in place.
        squares: Σ(g−mean)² so far, same shape; changed in place. None where there is one gradient so far.
        gradient: the new one, same shape; its memory is used up.
        count: how many there are with it, from 2.

    Returns:
        Σ(g−mean)² with the new one.
    """
    delta = gradient.sub_(mean)
    mean.add_(delta, alpha=1.0 / count)
    part = (count - 1) / count  # (g−μ_old)(g−μ_new) = (g−μ_old)²·(count−1)/count
    return delta.square_().mul_(part) if squares is None else squares.addcmul_(delta, delta, value=part)


def perturbation_factor(mean: Tensor, squares: Tensor) -> Tensor:
    """F_per = |μ| / √Σ_j(g_j−μ)² (Eq. 7), any shape; 0 where μ is 0, very large where only the spread is."""
    return mean.abs().div_(squares.sqrt().add_(EPS))


def scaling_factor(mean: Tensor, weight: Tensor) -> Tensor:
    """F_sca = |μ| / |θ| (Eq. 8), any shape; 0 where μ is 0."""
    return mean.abs().div_(weight.abs().add_(EPS))


def selection_score(mean: Tensor, squares: Tensor | None, weight: Tensor, selection: str = "ess") -> Tensor:
    """What the sub-net is selected by: F_per·F_sca (Eq. 9), or one of the two factors.

    Args:
        mean: μ, the mean gradient.
        squares: Σ_j(g_j−μ)², same shape; None for ``scaling``, which does not look at it.
        weight: θ, same shape.
        selection: ``ess`` (both), ``perturbation`` or ``scaling``.
    """
    if selection == "scaling" or squares is None:
        return scaling_factor(mean, weight)
    perturbation = perturbation_factor(mean, squares)
    return perturbation if selection == "perturbation" else perturbation.mul_(scaling_factor(mean, weight))


class BiDrop(Method):
    """Bi-Drop (Tong et al. 2023, arXiv:2305.14760, Alg. 1): μ⊙M of k dropout passes goes into Adam.

    Differs from the authors' code: none is public. Where the paper is silent, the choice is a
    hyper-parameter and stands on the card.
    """

    title = "Bi-Drop"
    paper = "Tong et al. 2023, arXiv:2305.14760, Eq. 5-11"
    family = "sub-network"
    formula = "F = |μ|/√Σ(g_j−μ)² · |μ|/|θ|;  M = F ≥ the ceil(keep_ratio·N)-th largest F;  Adam(μ⊙M)"
    cost = "k passes a step, one after the other"
    memory = (
        "1 buffer a weight, the mean; from k=3 one more a masked weight, whatever k; a byte a masked weight"
    )
    neutral = {"k": 1, "keep_ratio": 1.0}
    unsupported_note = (
        "with dropout 0 there is no perturbation: the scaling factor alone selects, with a warning"
    )
    differs = (
        "No code was released; the paper does not state p nor its direction. keep_ratio is the fraction that "
        "is updated; 0.7 is our choice (DPS, whose percentile the paper reuses, ships 0.3 frozen).",
        "scope and parameters: not stated. Our choice: a threshold per tensor, over the tensors of the "
        "transformer layers; embeddings, pooler and classifier always train.",
        "clipping: not stated. Our choice: F from unclipped gradients, μ clipped, then masked (Alg. 1 masks "
        "inside the optimiser); clip_after_mask=true masks first.",
        "weight decay: absent from Alg. 1. Our choice: the recipe's. Masked entries still move by momentum, "
        "as in Alg. 1.",
        "selection=random (the paper's RSS): our choice: a new random mask of the same size per step and "
        "tensor, without rescaling.",
    )

    @dataclass(frozen=True)
    class HParams:
        """Bi-Drop's hyper-parameters."""

        k: int = hparam(2, range=(1, 64), unit="passes", help="dropout passes of each batch", grid=(2, 3))
        keep_ratio: float = hparam(
            0.7,
            range=(0, 1),
            open="low",
            help="fraction of the entries that is updated",
            grid=(0.1, 0.3, 0.5, 0.7, 0.9),
        )
        selection: str = hparam(
            "ess",
            choices=("ess", "perturbation", "scaling", "random", "none"),
            help="what selects (the ablations of Table 7)",
        )
        scope: str = hparam(
            "tensor", choices=("tensor", "global"), help="one threshold per tensor, or over all"
        )
        parameters: str = hparam(
            "encoder_layers", choices=("encoder_layers", "linear_weights"), help="what is masked at all"
        )
        clip_after_mask: bool = hparam(False, help="clip the masked gradient instead of the whole one")
        other_dropout: float | None = hparam(
            None, range=(0, 1), open="high", help="dropout of the second and later passes; none: the recipe's"
        )

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """Linear layers, where their weights are what is masked."""
        return frozenset({LINEAR} if self.hparams.parameters == "linear_weights" else ())

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """One for each dropout pass."""
        return float(self.hparams.k)

    def on_train_start(self, run: Run) -> None:
        """Say it where there is nothing to perturb with."""
        if self._selection(run) != self.hparams.selection:
            warnings.warn(
                "bidrop: without dropout, or with k=1, nothing perturbs: the scaling factor alone selects",
                stacklevel=2,
            )

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """K passes with a backward each; their gradients are folded, so that memory does not grow with k."""
        selection = self._selection(run)
        masked = self._masked_names(run) if selection != "none" else frozenset()
        loss, mean, squares = self._passes(run, batch, masked if selection in PERTURBED else frozenset())
        self._masks = self._select(run, mean, squares, masked, selection)
        run.set_gradients(mean)
        mean.clear()
        if self.hparams.clip_after_mask:
            self._apply_masks(run)
        run.step_optimizer("main")
        self._masks = {}
        return loss

    def edit_gradients(self, run: Run, optimizer: Optimizer) -> None:
        """Mask the clipped mean gradient (Alg. 1, line 6)."""
        if not self.hparams.clip_after_mask:
            self._apply_masks(run)

    def _passes(
        self, run: Run, batch: Batch, perturbed: frozenset[str]
    ) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
        """The mean loss and gradients of k passes, and the squared deviations of some gradients."""
        k = self.hparams.k
        mean: dict[str, Tensor] = {}
        squares: dict[str, Tensor] = {}
        loss: Tensor | None = None
        for count in range(1, k + 1):
            with run.dropout(self.hparams.other_dropout if count > 1 else None):
                one = run.backward(self.compute_loss, batch)
            loss = one if loss is None else loss + one
            for name, gradient in run.take_gradients().items():
                if count == 1:
                    mean[name] = gradient
                elif name in perturbed:
                    squares[name] = fold(mean[name], squares.get(name), gradient, count)
                else:
                    mean[name].lerp_(gradient, 1.0 / count)
        assert loss is not None
        return loss / k, mean, squares

    def _selection(self, run: Run) -> str:
        """The selection that can work: nothing perturbs with one pass or without dropout in any."""
        chosen = str(self.hparams.selection)
        drops = run.drops or bool(self.hparams.other_dropout)
        if chosen in PERTURBED and (self.hparams.k == 1 or not drops):
            return "scaling"
        return chosen

    def _select(
        self,
        run: Run,
        mean: dict[str, Tensor],
        squares: dict[str, Tensor],
        masked: frozenset[str],
        selection: str,
    ) -> dict[str, Tensor]:
        """The masks of the tensors to be masked; ``squares`` is used up."""
        from ftbench.nn.selection import keep_mask, keep_masks

        names, ratio = [n for n in mean if n in masked], self.hparams.keep_ratio

        def score(name: str) -> Tensor:
            if selection == "random":
                return run.noise.uniform(name, mean[name].shape, like=mean[name])
            spread = squares.pop(name, None)
            return selection_score(mean[name], spread, run.parameters[name].detach(), selection)

        if self.hparams.scope == "global":
            return dict(zip(names, keep_masks([score(n) for n in names], ratio), strict=True))
        return {n: keep_mask(score(n), ratio) for n in names}

    def _masked_names(self, run: Run) -> frozenset[str]:
        from ftbench.nn import structure

        if self.hparams.parameters == "linear_weights":
            return structure.linear_weight_names(run.model)
        return structure.layer_parameter_names(run.model)

    def _apply_masks(self, run: Run) -> None:
        for name, mask in self._masks.items():
            gradient = run.parameters[name].grad
            if gradient is not None:
                gradient.mul_(mask)
