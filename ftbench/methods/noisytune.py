"""NoisyTune: the weights are perturbed once, before fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.run.run import Run


def perturbation(weight: Tensor, sample: Tensor, intensity: float) -> Tensor:
    """What is added to a tensor: λ·u·std(θ).

    Args:
        weight: θ, two entries or more.
        sample: u, uniform on [−½, ½), same shape.
        intensity: λ.
    """
    return intensity * weight.std() * sample


class NoisyTune(Method):
    """NoisyTune (Wu et al. 2022, arXiv:2202.12024): θ ← θ + λ·U(−½,½)·std(θ) for every tensor, once.

    Differs from the authors' code: none was released; see ``differs`` for what is chosen.
    """

    title = "NoisyTune"
    paper = "Wu et al. 2022, arXiv:2202.12024"
    family = "regularisation"
    formula = "θ ← θ + λ·U(−½,½)·std(θ), each tensor once before training; then vanilla"
    cost = "1 pass a step"
    memory = "none"
    neutral = {"intensity": 0.0}
    differs = (
        "Tensors of one entry, which have no deviation, are left as they are; so are constant ones (a new "
        "bias), whose deviation is 0.",
        "include_head=true (default): the new head is perturbed like the rest, as a loop over all parameters "
        "does, so that it is another head than the other methods start from; false keeps that.",
        "intensity: 0.15, of the range 0.1 to 0.15 that is reported to work.",
    )

    @dataclass(frozen=True)
    class HParams:
        """NoisyTune's hyper-parameters."""

        intensity: float = hparam(
            0.15, range=(0, float("inf")), help="λ, width of the noise in deviations", grid=(0.1, 0.15)
        )
        include_head: bool = hparam(True, help="perturb the new head, too")

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Add the noise."""
        for name, parameter in model.named_parameters():
            if parameter.numel() < 2 or (name in run.head_names and not self.hparams.include_head):
                continue
            weight = parameter.detach()
            sample = run.noise.uniform(name, weight.shape, -0.5, 0.5, like=weight)
            weight.add_(perturbation(weight, sample, self.hparams.intensity))
