"""R3F: outputs that small noise on the words must not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.domain.task import TaskSpec
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

INFINITY = float("inf")


def r3f_loss(task_loss: Tensor, divergence: Tensor, r3f_lambda: float) -> Tensor:
    """L + λ·mean[KL(p‖q)+KL(q‖p)] (Aghajanyan et al. 2020, Eq. 1), without ½.

    Args:
        task_loss: of the pass without noise, the batch's mean, shape ().
        divergence: per example KL(p‖q)+KL(q‖p) of the passes without and with noise, shape (rows,).
        r3f_lambda: λ, 0 or more.

    Returns:
        Shape ().
    """
    return task_loss + r3f_lambda * divergence.mean()


class R3F(Method):
    """R3F (Aghajanyan et al. 2020, arXiv:2008.03156): a second pass with noise on the words must agree.

    Differs from the authors' code: only in where no result changes; see the card.
    """

    title = "R3F"
    paper = "Aghajanyan et al. 2020, arXiv:2008.03156, Eq. 1"
    family = "consistency"
    formula = (
        "L = NLL(z) + λ·mean[KL(p_z‖p_z') + KL(p_z'‖p_z)], z' = f(stop-gradient(e) + δ), "
        "δ ~ U(−ε,ε) or N(0,ε²)"
    )
    cost = "2 passes a step (1 in regression, or with λ 0)"
    memory = "activations of both passes"
    neutral: ClassVar[Mapping[str, Any] | None] = {"r3f_lambda": 0.0}
    differs: ClassVar[tuple[str, ...]] = (
        "regression has no noise term, as in the authors' code (which makes the second pass for nothing): "
        "the method then equals vanilla bit for bit, and reports star it.",
        "The two passes have dropout masks of their own, as in the authors' code. With ε 1e-5 and no dropout "
        "the divergence is about 1e-10, below the resolution of float32: what acts in practice is the "
        "dropout, as in R-Drop with the labels on one side.",
        "Noise falls on real tokens only, the code's on pads too: pads are masked, so nothing changes. The "
        "code takes the log-softmax in float32, here it has the precision of the logits, float32 or wider.",
        "noise_type: uniform is the code's default for sentence prediction.",
        "encoder-decoders: noise on the encoder's words, as the code's token_embeddings do.",
        "recipe: the README trains RoBERTa-large with lr 1e-5, batch 8, β2 0.98, ε 1e-6, decay 0.1, no "
        "clipping, λ 0.7 on RTE; here every method of a comparison keeps the comparison's recipe.",
    )

    @dataclass(frozen=True)
    class HParams:
        """R3F's hyper-parameters."""

        r3f_lambda: float = hparam(
            1.0, range=(0, INFINITY), help="λ, the weight of the divergence", grid=(0.1, 0.5, 1.0, 5.0)
        )
        eps: float = hparam(1e-5, range=(0, INFINITY), help="ε: bound or standard deviation of the noise")
        noise_type: str = hparam(
            "uniform", choices=("uniform", "normal"), help="U(−ε,ε) or N(0,ε²), new for every value"
        )

    def note_for(self, task: TaskSpec) -> str | None:
        """Regression has no noise term."""
        return "no noise term in regression, equal to plain fine-tuning" if task.regression else None

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """Without a noise term there is no second pass."""
        return 1.0 if task.regression or self.hparams.r3f_lambda == 0 else 2.0

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """The task loss, and the divergence from a pass with noise."""
        if run.task.regression or self.hparams.r3f_lambda == 0:
            return super().compute_loss(run, batch)
        logits, noised = run.forward_twice(batch, second=lambda e: e.detach() + self._noise(run, batch, e))
        loss = run.task.loss(logits, batch.labels)
        return r3f_loss(loss, run.task.divergence(logits, noised), self.hparams.r3f_lambda)

    def _noise(self, run: Run, batch: Batch, like: Tensor) -> Tensor:
        eps = self.hparams.eps
        rows = {"rows": batch.rows, "lengths": batch.lengths or None, "left": batch.left}
        if self.hparams.noise_type == "normal":
            return run.noise.normal("embeddings", like.shape, eps, like=like, **rows)
        return run.noise.uniform("embeddings", like.shape, -eps, eps, like=like, **rows)
