"""SAM: the gradient where the loss around the weights is largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from ftbench.domain.task import TaskSpec
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

EPS = 1e-12


def ascent(
    weights: Mapping[str, Tensor], gradients: Mapping[str, Tensor], rho: float, adaptive: bool = False
) -> dict[str, Tensor]:
    """The step to the worst point nearby: ρ·g/‖g‖ (Foret et al. 2021, Eq. 2).

    Args:
        weights: by name, any shapes.
        gradients: by name, the same shapes; weights without one do not move.
        rho: ρ, the length of the step over all weights together, 0 or more.
        adaptive: measure each weight against its own size: ρ·w²g/‖|w|g‖ (Kwon et al. 2021, Eq. 5).

    Returns:
        What to add, by name; 0 where all gradients are.
    """
    import torch

    scaled = {n: g * weights[n].abs() if adaptive else g for n, g in gradients.items()}
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in scaled.values()]))
    factor = rho / (norm + EPS)
    return {n: (g * weights[n].abs() if adaptive else g) * factor for n, g in scaled.items()}


class SAM(Method):
    """SAM (Foret et al. 2021, arXiv:2010.01412): step with the gradient at w + ρ·g/‖g‖.

    Differs from the authors' code: where they share an update between devices, each perturbs by the gradient
    of its own rows; here the whole batch's gradient does.
    """

    title = "SAM"
    paper = "Foret et al. 2021, arXiv:2010.01412, Alg. 1; adaptive: Kwon et al. 2021, arXiv:2102.11600"
    family = "regularisation"
    formula = "g = ∇L(w);  g' = ∇L(w + ρ·g/‖g‖), the norm over all weights;  the optimiser steps w with g'"
    cost = "2 passes a step, one after the other"
    memory = "a copy of the weights, and for a moment one of the gradients"
    neutral = {"rho": 0.0}
    differs = (
        "The gradient of the whole batch gives the perturbation, also in micro-batches; the authors' code "
        "takes one of each device's rows (their m-sharpness).",
        "precision: the second pass is in float32 whatever the recipe says: bf16 would round the weights by "
        "more than they were moved.",
        "same_masks: dropout is not discussed in the paper. Our choice: both passes have the same masks, so "
        "that both gradients are of one function.",
        "clipping and weight decay: of and beside the second gradient, as for any other; the first is not "
        "clipped, for only its direction counts.",
        "adaptive=true is ASAM (Kwon et al. 2021) without its bias term, for which its authors take ρ 0.5.",
    )

    @dataclass(frozen=True)
    class HParams:
        """SAM's hyper-parameters."""

        rho: float = hparam(
            0.05,
            range=(0, float("inf")),
            help="ρ: how far away the second gradient is taken",
            grid=(0.01, 0.02, 0.05, 0.1),
        )
        adaptive: bool = hparam(False, help="measure ρ against the size of each weight (ASAM)")
        same_masks: bool = hparam(True, help="one dropout mask for both passes")

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """One before the climb and one after it."""
        return 2.0 if self.hparams.rho > 0 else 1.0

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """Climb, take the gradient there, go back to the bit, step."""
        from contextlib import nullcontext

        with run.same_dropout() if self.hparams.same_masks else nullcontext():
            loss = run.backward(self.compute_loss, batch)
            if self.hparams.rho > 0:
                before = self._climb(run)
                with run.full_precision():
                    run.backward(self.compute_loss, batch)
                for name, weight in before.items():
                    # What was added need not come off again exactly.
                    run.parameters[name].detach().copy_(weight)
        run.step_optimizer("main")
        return loss

    def _climb(self, run: Run) -> dict[str, Tensor]:
        """Add the perturbation to the weights; gives what they were."""
        gradients = run.take_gradients()
        weights = {name: run.parameters[name].detach() for name in gradients}
        before = {name: weight.clone() for name, weight in weights.items()}
        for name, step in ascent(weights, gradients, self.hparams.rho, self.hparams.adaptive).items():
            weights[name].add_(step)
        return before
