"""R-Drop: two dropout passes that must agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.domain.model import ModelSpec
    from ftbench.domain.task import TaskSpec
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

# How each definition weighs the two task losses and the divergence (KL(p‖q)+KL(q‖p), or the squared
# difference): first pass, second pass, divergence in classification, in regression, its reduction.
_LOSSES = {
    "paper": (1.0, 1.0, 0.5, 0.5, "mean"),
    "readme": (0.5, 0.5, 0.5, 0.5, "sum"),
    "hf_bert": (1.0, 1.0, 0.25, 1.0, "sum"),
    "hf_roberta": (0.5, 0.0, 0.35, 0.8, "sum"),
    "fairseq": (1.0, 1.0, 0.5, 0.5, "mean"),
}


def rdrop_loss(
    first: Tensor,
    second: Tensor,
    divergence: Tensor,
    *,
    alpha: float,
    loss: str = "paper",
    reduction: str = "default",
    regression: bool = False,
    batch_rows: int | None = None,
) -> Tensor:
    """The R-Drop loss of two passes (Wu et al. 2021, Eq. 4).

    Args:
        first: task loss of the first pass, the batch's mean, shape ().
        second: task loss of the second pass, shape ().
        divergence: per example KL(p‖q)+KL(q‖p), or (z1−z2)² in regression, shape (rows,).
        alpha: weight of the divergence, 0 or more.
        loss: ``paper``, ``readme``, ``hf_bert``, ``hf_roberta`` or ``fairseq``.
        reduction: over the batch: ``mean``, ``sum``, or ``default``: what the definition has (in regression
            every definition takes the mean).
        regression: whether the divergence is a squared difference.
        batch_rows: rows of the whole batch, where these are a part of it.

    Returns:
        The loss, shape ().
    """
    w1, w2, classification_factor, regression_factor, own = _LOSSES[loss]
    factor = regression_factor if regression else classification_factor
    if reduction == "default":
        reduction = "mean" if regression else own
    # The caller averages over micro-batches by rows: the sum is the mean times the rows of the whole batch.
    rows = (batch_rows or divergence.shape[0]) if reduction == "sum" else 1
    return w1 * first + w2 * second + alpha * factor * rows * divergence.mean()


class RDrop(Method):
    """R-Drop (Wu et al. 2021, arXiv:2106.14448): both passes are fitted, and their outputs drawn together.

    Differs from the authors' code: the repository holds four definitions that do not agree with the paper nor
    with each other; each is a value of ``loss``, and the paper's is the default.
    """

    title = "R-Drop"
    paper = "Wu et al. 2021, arXiv:2106.14448, Eq. 4"
    family = "consistency"
    formula = "L = mean(NLL1 + NLL2) + α·½·mean[KL(p1‖p2) + KL(p2‖p1)]; regression: (z1−z2)² for the KLs"
    cost = "2 passes a step"
    memory = "activations of both passes"
    unsupported_note = "loss=fairseq has no regression (the released code stops with an error)"
    published = {"loss": "hf_bert"}
    neutral = {"alpha": 0.0}
    neutral_scale = 2.0
    differs = (
        "loss=readme (README): ½(CE1+CE2), and the KLs are summed over the batch instead of averaged.",
        "loss=hf_bert (the released GLUE code, variant=published): CE1+CE2 + ½·½·KLs, the KLs summed over "
        "the batch, which makes α about 0.5·batch; regression adds the mean of (z1−z2)².",
        "loss=hf_roberta (released): only ½CE1 is fitted, + 0.7·½·KLs summed; regression ½MSE1 + "
        "0.8·(z1−z2)².",
        "loss=fairseq (released): as the paper; its regression branch cannot run.",
        "recipe: the released scripts use lr 1e-5, β2 0.98, ε 1e-6, fp16 and fixed step counts; here every "
        "method of a comparison keeps the comparison's recipe.",
        "regression (default): the paper gives no formula; ½(z1−z2)² is the same expression with unit "
        "Gaussians.",
    )

    @dataclass(frozen=True)
    class HParams:
        """R-Drop's hyper-parameters."""

        alpha: float = hparam(
            1.0, range=(0, float("inf")), help="weight of the divergence", grid=(0.1, 0.5, 1.0, 3.0, 5.0)
        )
        loss: str = hparam("paper", choices=tuple(_LOSSES), help="which of the definitions")
        reduction: str = hparam(
            "default", choices=("default", "mean", "sum"), help="of the divergence over the batch"
        )

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """The released fairseq loss has no regression."""
        if self.hparams.loss == "fairseq" and task.regression:
            return "rdrop[loss=fairseq] has no regression: the released code stops with an error"
        return None

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """Both of an update."""
        return 2.0

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """Two forward passes with their own dropout, each with gradient."""
        z1, z2 = run.forward_twice(batch)
        return rdrop_loss(
            run.task.loss(z1, batch.labels),
            run.task.loss(z2, batch.labels),
            run.task.divergence(z1, z2),
            alpha=self.hparams.alpha,
            loss=self.hparams.loss,
            reduction=self.hparams.reduction,
            regression=run.task.regression,
            batch_rows=batch.full_rows,
        )
