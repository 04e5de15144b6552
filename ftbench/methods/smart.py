"""SMART: outputs that an attack on the embeddings must not change."""

from __future__ import annotations

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
EPS = 1e-6


def climbed(delta: Tensor, gradient: Tensor, step_size: float, radius: float | None = None) -> Tensor:
    """A step of the attack: δ + η·g/max|g|, brought back into the ball (Jiang et al. 2020, Alg. 1).

    Args:
        delta: δ, shape (rows, tokens, width).
        gradient: of the divergence by δ, same shape; its largest entry is that of each token (+1e-6).
        step_size: η, 0 or more.
        radius: ε, the largest entry of δ; None: as released, (δ + η·g) divided by its largest entry in each
            token (+1e-6), which makes that 1.
    """
    if radius is None:
        moved = delta + step_size * gradient
        return moved / (moved.abs().amax(-1, keepdim=True) + EPS)
    # No guard against a small gradient: at the paper's radius every gradient is small.
    largest = gradient.abs().amax(-1, keepdim=True).clamp(min=1e-30)
    return (delta + step_size * gradient / largest).clamp(-radius, radius)


def stable_kl(perturbed: Tensor, clean: Tensor) -> Tensor:
    """The released divergence of the attack: 2·Σ p·[r(p)−r(q)], r(p) = −log(1/(p+1e-6) − 1 + 1e-6).

    Only the factor p before the bracket has a gradient.

    Args:
        perturbed: logits of p, shape (rows, classes).
        clean: logits of q, same shape.

    Returns:
        Shape (rows,).
    """
    p, q = perturbed.softmax(-1), clean.softmax(-1)
    log_odds = [-(1 / (x + EPS) - 1 + EPS).log() for x in (p, q)]
    return 2 * (p * (log_odds[0] - log_odds[1]).detach()).sum(-1)


def half_detached(first: Tensor, second: Tensor) -> Tensor:
    """KL(p‖q)+KL(q‖p) where the distribution in front of each logarithm has no gradient.

    Args:
        first: logits of p, shape (rows, classes).
        second: logits of q, same shape.

    Returns:
        Shape (rows,).
    """
    log_p, log_q = first.log_softmax(-1), second.log_softmax(-1)
    fixed_p, fixed_q = log_p.detach(), log_q.detach()
    forth = (fixed_p.exp() * (fixed_p - log_q)).sum(-1)
    back = (fixed_q.exp() * (fixed_q - log_p)).sum(-1)
    return forth + back


class SMART(Method):
    """SMART (Jiang et al. 2020, arXiv:1911.03437): the smoothness-inducing adversarial regulariser.

    Differs from the authors' code: its divergences are switches; the paper's second half, the Bregman
    proximal point, is in neither.
    """

    title = "SMART"
    paper = "Jiang et al. 2020, arXiv:1911.03437"
    family = "adversarial"
    formula = (
        "L = NLL(z) + α·mean[KL(z‖z') + KL(z'‖z)], z' = f(e + δ);  δ ~ N(0,σ²), then K times "
        "δ ← δ+η·g/max|g| within ε, g = ∇_δ KLs"
    )
    cost = "K+2 passes a step (1 with α 0); K of them only reach back to the embeddings' gradient"
    memory = "activations of two passes"
    neutral = {"alpha": 0.0}
    published = {
        "ascent_loss": "stable_kl",
        "detach_targets": True,
        "radius": None,
        "step_size": 1e-5,
    }
    differs = (
        "ascent_loss=stable_kl (variant=published): the released attack climbs 2·Σp·[log-odds difference]; "
        "the default climbs the paper's symmetric divergence. Regression: the squared difference in both.",
        "detach_targets=true (variant=published): in the released divergence the distribution in front of "
        "each logarithm has no gradient; by default it has, as the paper's formula says.",
        "radius=none, step_size=1e-5 (variant=published): the released code divides δ by its largest entry, "
        "so that it has unit size in every token. Its step is far smaller than the noise it starts from: "
        "what is left is that noise, and further steps do nothing. Default: the paper's ball, ε 1e-5 and η "
        "1e-3; there the divergence of two passes is mostly that of their dropout, as in R3F.",
        "where=output (default): the embeddings as they enter the first layer, where unit size is that of a "
        "normalised state; the released code takes them there too, but then feeds them as words, so that "
        "positions and normalisation come twice: that is not repeated. where=words: the word embeddings.",
        "The paper's Bregman proximal point (a pull toward the model's own running average) is not in the "
        "released code, and not here.",
        "The passes have dropout masks of their own, as in the authors' code.",
    )

    @dataclass(frozen=True)
    class HParams:
        """SMART's hyper-parameters."""

        alpha: float = hparam(1.0, range=(0, INFINITY), help="weight of the divergence", grid=(1.0, 3.0, 5.0))
        steps: int = hparam(1, range=(1, 64), unit="passes", help="K: steps of the attack")
        step_size: float = hparam(1e-3, range=(0, INFINITY), help="η: factor of the normalised gradient")
        radius: float | None = hparam(
            1e-5, range=(0, INFINITY), help="ε: largest entry of the perturbation; none: unit size"
        )
        noise_std: float = hparam(
            1e-5, range=(0, INFINITY), help="σ: of the noise that the attack starts from"
        )
        where: str = hparam(
            "output",
            choices=("output", "words"),
            help="the embeddings' output is perturbed, or the words",
        )
        ascent_loss: str = hparam(
            "symmetric", choices=("symmetric", "stable_kl"), help="what the attack climbs"
        )
        detach_targets: bool = hparam(False, help="no gradient through what weighs the logarithms")

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """K of the attack, one before it and one under it."""
        return 1.0 if self.hparams.alpha == 0 else self.hparams.steps + 2.0

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """The task loss, and the divergence from the outputs under attack."""
        logits = run.forward(batch)
        loss = run.task.loss(logits, batch.labels)
        if self.hparams.alpha == 0:
            return loss
        attacked, _ = self._attacked(run, batch, self._attack(run, batch, logits.detach()))
        halves = self.hparams.detach_targets and not run.task.regression
        apart = (half_detached if halves else run.task.divergence)(logits, attacked)
        alpha = self.hparams.alpha
        return loss + alpha * apart.mean()

    def _attack(self, run: Run, batch: Batch, clean: Tensor) -> Tensor:
        """The perturbation after K steps; the sum over rows keeps each row's gradient its own."""
        import torch

        delta: Tensor | None = None
        released = self.hparams.ascent_loss == "stable_kl" and not run.task.regression
        for _ in range(self.hparams.steps):
            attacked, delta = self._attacked(run, batch, delta)
            apart = (stable_kl if released else run.task.divergence)(attacked, clean)
            (gradient,) = torch.autograd.grad(apart.sum(), delta)
            delta = climbed(delta.detach(), gradient, self.hparams.step_size, self.hparams.radius)
        assert delta is not None
        return delta

    def _attacked(self, run: Run, batch: Batch, given: Tensor | None) -> tuple[Tensor, Tensor]:
        """The logits under a perturbation, and that; noise where none is given."""
        used: list[Tensor] = []

        def perturb(hidden: Tensor, number: int = 0) -> Tensor:
            if number:
                return hidden
            delta = self._noise(run, batch, hidden) if given is None else given
            used.append(delta.detach().requires_grad_())
            return hidden + used[0]

        words = self.hparams.where == "words"
        logits = run.forward(batch, embeddings=perturb) if words else run.forward(batch, layers=perturb)
        return logits, used[0]

    def _noise(self, run: Run, batch: Batch, like: Tensor) -> Tensor:
        return run.noise.normal(
            "embeddings",
            like.shape,
            self.hparams.noise_std,
            like=like,
            rows=batch.rows,
            lengths=batch.lengths or None,
            left=batch.left,
        )
