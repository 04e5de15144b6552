"""HyPe: noise on the hidden states that enter every layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.run.data import Batch
    from ftbench.run.run import Run


def bounds(eps: float, one_sided: bool) -> tuple[float, float]:
    """The interval of the uniform noise: (−ε, ε), or (0, ε) as released."""
    return (0.0 if one_sided else -eps), eps


class HyPe(Method):
    """HyPe (Yuan et al. 2023, arXiv:2212.08853): training sees hidden states with a little noise.

    Differs from the authors' code: its uniform noise is one-sided, and its example turns dropout off.
    """

    title = "HyPe"
    paper = "Yuan et al. 2023, arXiv:2212.08853"
    family = "regularisation"
    formula = "h ← h + δ before every transformer layer, in training; δ ~ N(0,ε²) or U(−ε,ε)"
    cost = "1 pass a step; noise for every token, width and layer, drawn on the device that trains"
    memory = "one tensor of noise at a time"
    published = {"noise_type": "uniform", "one_sided": True, "dropout": 0.0}
    neutral = {"eps": 0.0}
    differs = (
        "one_sided=true (variant=published): the released uniform noise is U(0,1)·ε, which also shifts the "
        "hidden states by ε/2; the default is centred.",
        "dropout=0 (variant=published): the released example command turns off the hidden dropout; here one "
        "rate sets every dropout, that of the attention too. Default: the recipe's.",
        "noise_type: the paper has both; normal is our default, the released example takes uniform.",
        "ε 1e-5 is close to what float32 resolves in hidden states of size 1, and nothing is left of it in a "
        "bf16 product.",
        "encoder-decoders: the layers of both stacks; shared layers (ALBERT): each of their calls.",
        "recipe: the authors' Adam has ε 1e-6; here every method of a comparison keeps the comparison's.",
    )

    @dataclass(frozen=True)
    class HParams:
        """HyPe's hyper-parameters."""

        eps: float = hparam(1e-5, range=(0, float("inf")), help="ε: bound or standard deviation of the noise")
        noise_type: str = hparam("normal", choices=("normal", "uniform"), help="N(0,ε²) or U(−ε,ε)")
        one_sided: bool = hparam(False, help="uniform noise from U(0,ε), as released")
        dropout: float | None = hparam(
            None, range=(0, 1), open="high", help="dropout in training; none: the recipe's"
        )

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Set the method's own dropout, where it has one."""
        from ftbench.nn.dropout import set_dropout

        if self.hparams.dropout is not None:
            set_dropout(model, self.hparams.dropout)

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """One pass with noise before every layer; the model itself is not changed, so evaluation has none."""
        if self.hparams.eps == 0:
            return super().compute_loss(run, batch)
        logits = run.forward(batch, layers=lambda h, number: h + self._noise(run, batch, h, number))
        return run.task.loss(logits, batch.labels)

    def _noise(self, run: Run, batch: Batch, like: Tensor, number: int) -> Tensor:
        name, eps = f"hidden.{number}", self.hparams.eps
        rows = {"rows": batch.rows, "lengths": batch.lengths or None, "left": batch.left}
        if self.hparams.noise_type == "normal":
            return run.noise.normal(name, like.shape, eps, like=like, **rows)
        low, high = bounds(eps, self.hparams.one_sided)
        return run.noise.uniform(name, like.shape, low, high, like=like, **rows)
