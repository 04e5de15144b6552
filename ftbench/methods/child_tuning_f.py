"""Child-Tuning_F: a new random part of the gradient is used in every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.nn.optimizers import Optimizer
    from ftbench.run.run import Run


def masked_gradient(gradient: Tensor, sample: Tensor, keep_ratio: float) -> Tensor:
    """g⊙B/p, whose expectation is g; in place.

    Args:
        gradient: any shape.
        sample: B, 1 with probability p and else 0, same shape.
        keep_ratio: p, in (0, 1].
    """
    return gradient.mul_(sample).div_(keep_ratio)


class ChildTuningF(Method):
    """Child-Tuning_F (Xu et al. 2021, arXiv:2109.05687): Adam sees g⊙B/p with B~Bernoulli(p) anew each step.

    Differs from the authors' code: its warm-up is lost; see ``differs``.
    """

    title = "Child-Tuning_F"
    paper = "Xu et al. 2021, arXiv:2109.05687"
    family = "sub-network"
    formula = "Adam(g⊙B/p),  B ~ Bernoulli(p) for every entry of every parameter, p = keep_ratio"
    cost = "1 pass a step, and a random number a weight"
    memory = "nothing that outlives a tensor's update"
    published = {"no_warmup": True}
    neutral = {"keep_ratio": 1.0, "no_warmup": False}
    differs = (
        "no_warmup=true (published): the released scripts lose their 10 % warm-up; the default warms up as "
        "the recipe says.",
        "The mask falls on all parameters, embeddings, LayerNorms and classifier included, after the global "
        "clip, as in the code. Masked entries still move by momentum and decay.",
        "recipe: the released scripts use lr 4e-5 and transformers 4's AdamW; here, in both variants, every "
        "method keeps the comparison's recipe.",
    )

    @dataclass(frozen=True)
    class HParams:
        """Child-Tuning_F's hyper-parameters."""

        keep_ratio: float = hparam(
            0.3,
            range=(0, 1),
            open="low",
            help="probability that an entry of the gradient is used",
            grid=(0.2, 0.3, 0.4),
        )
        no_warmup: bool = hparam(False, help="start at the full learning rate")

    def configure_optimizers(self, model: Any, run: Run) -> dict[str, Optimizer]:
        """The recipe's optimiser, with or without its warm-up."""
        return {"main": run.optimizer(warmup=0 if self.hparams.no_warmup else None)}

    def edit_gradients(self, run: Run, optimizer: Optimizer) -> None:
        """Mask and rescale every clipped gradient."""
        ratio = self.hparams.keep_ratio
        if ratio == 1:
            return
        for name, parameter in run.parameters.items():
            gradient = parameter.grad
            if gradient is not None:
                sample = run.noise.bernoulli(name, gradient.shape, ratio, like=gradient)
                parameter.grad = masked_gradient(gradient, sample, ratio)
