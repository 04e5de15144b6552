"""RecAdam: a pull toward the pretrained weights that fades out while the task's loss fades in."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.nn.optimizers import Optimizer
    from ftbench.nn.recadam import Annealing
    from ftbench.run.data import Batch
    from ftbench.run.run import Run


def objective_gradient(
    gradient: Tensor, weight: Tensor, start: Tensor, *, task: float, recall: float
) -> Tensor:
    """∇[task·L + recall/2·‖θ−θ0‖²], in place of ∇L.

    Args:
        gradient: ∇L, any shape; changed in place.
        weight: θ, same shape.
        start: θ0, same shape.
        task: λ, weight of the task's loss.
        recall: (w−λ)·γ, weight of the penalty.
    """
    return gradient.mul_(task).add_(weight - start, alpha=recall)


class RecAdam(Method):
    """RecAdam (Chen et al. 2020, arXiv:2004.12651): λ(t)·L + (1−λ(t))·γ/2·‖θ−θ0‖², decoupled in Adam.

    Differs from the authors' code: see ``differs``; the default evaluates both terms at the same θ.
    """

    title = "RecAdam"
    paper = "Chen et al. 2020, arXiv:2004.12651, Alg. 1"
    family = "regularisation"
    formula = "θ ← θ − lr·[λ(t)·m/(√v+ε) + (1−λ(t))·γ·(θ−θ0)],  λ(t) = σ(k·(t−t0)); head: Adam"
    cost = "1 pass a step"
    memory = "1 buffer a weight: θ0"
    published = {"penalty": "decoupled_after", "anneal_t0": 250.0}
    neutral = {"anneal_fun": "constant"}
    neutral_recipe = {"optimizer": "adamw_hf"}
    differs = (
        "penalty=decoupled_after (published): the pull starts where Adam's step led; in the paper's "
        "algorithm, and by default, both terms are taken at the same θ. They part at O(lr²·γ).",
        "penalty=loss: the objective as it is written, its gradient clipped and normalised by Adam (the "
        "recipe's flavour): the strength then hardly depends on γ. The paper decouples it, as AdamW does.",
        "strength: the pull is lr·(w−λ)·γ a step, with the scheduled lr, as in the code (2e-5·5000 = 0.1); "
        "with warm-up it starts at 0. From lr·γ ≥ 2 on it diverges while λ is small: lower pretrain_cof.",
        "anneal_t0: our choice: 0.3 of all updates. The authors' grid, 250 (published) to 1000, is meant for "
        "their runs of 7800 to 13400 updates; in a run of fewer than t0 the body hardly leaves θ0.",
        "The penalty is on all parameters but the new head, embeddings, biases and LayerNorms included; the "
        "code finds them by the model's name in the parameter's, here by what is in the checkpoint.",
        "optimiser: its own, on transformers 4's AdamW with the recipe's betas, ε and decay; the recipe's "
        "flavour is not used (but for penalty=loss).",
        "dropout: the code sets 0 for ALBERT only; here the recipe's. The paper reports the best of all "
        "checkpoints, ftbench the last.",
    )

    @dataclass(frozen=True)
    class HParams:
        """RecAdam's hyper-parameters."""

        anneal_fun: str = hparam(
            "sigmoid", choices=("sigmoid", "linear", "constant"), help="λ(t); constant: no penalty at all"
        )
        anneal_k: float = hparam(
            0.5, range=(0, float("inf")), help="rate of the sigmoid", grid=(0.05, 0.1, 0.2, 0.5, 1.0)
        )
        anneal_t0: float | None = hparam(
            None,
            range=(0, float("inf")),
            unit="updates",
            help="where λ is ½; none: 0.3 of all updates",
            grid=(100, 250, 500, 1000),
        )
        anneal_w: float = hparam(
            1.0, range=(0, float("inf")), open="low", help="sum of the weights of task and penalty"
        )
        pretrain_cof: float = hparam(
            5000.0, range=(0, float("inf")), help="γ, strength of the penalty; the pull is lr·γ"
        )
        penalty: str = hparam(
            "decoupled", choices=("decoupled", "decoupled_after", "loss"), help="how it enters the update"
        )

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Remember the pretrained weights of all but the head."""
        self._start = {
            name: p.detach().clone()
            for name, p in model.named_parameters()
            if p.requires_grad and name not in run.head_names
        }

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        """RecAdam over the recipe's groups; the recipe's own optimiser for the loss form."""
        from ftbench.nn.recadam import RecAdamOptimizer

        if self.hparams.penalty == "loss":
            return {"main": run.optimizer()}
        optimizer = run.optimizer(flavour="adamw_hf")
        optimizer.inner = RecAdamOptimizer(
            optimizer.inner.param_groups,
            {run.parameters[name]: start for name, start in self._start.items()},
            self._annealing(run),
            weight=self.hparams.anneal_w,
            strength=self.hparams.pretrain_cof,
            after=self.hparams.penalty == "decoupled_after",
        )
        return {"main": optimizer}

    def on_train_start(self, run: Run) -> None:
        """Take θ0 as the run starts, and warn of a pull that cannot contract."""
        for name, start in self._start.items():
            start.copy_(run.parameters[name].detach())
        hp = self.hparams
        if self._annealing(run)(run.total_steps) < 0.5 * hp.anneal_w:
            warnings.warn(
                f"recadam: at the last of {run.total_steps} updates λ is below a half: the body hardly "
                "leaves the pretrained weights; lower anneal_t0",
                stacklevel=2,
            )
        pull = run.recipe.lr * hp.pretrain_cof * hp.anneal_w
        if pull >= 2 and hp.penalty != "loss" and hp.anneal_fun != "constant":
            warnings.warn(
                f"recadam: lr·γ = {pull:g} is 2 or more: the pull diverges while λ is small; "
                "lower pretrain_cof",
                stacklevel=2,
            )

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """A plain step; in the loss form, of the gradient of the whole objective."""
        loss = run.backward(self.compute_loss, batch)
        if self.hparams.penalty == "loss":
            self._add_penalty(run)
        run.step_optimizer("main")
        return loss

    def _annealing(self, run: Run) -> Annealing:
        from ftbench.nn.recadam import annealing

        hp = self.hparams
        middle = 0.3 * run.total_steps if hp.anneal_t0 is None else hp.anneal_t0
        return annealing(hp.anneal_fun, hp.anneal_k, middle, hp.anneal_w)

    def _add_penalty(self, run: Run) -> None:
        task = self._annealing(run)(run.step + 1)
        recall = (self.hparams.anneal_w - task) * self.hparams.pretrain_cof
        for name, start in self._start.items():
            parameter = run.parameters[name]
            if parameter.grad is not None:
                objective_gradient(parameter.grad, parameter.detach(), start, task=task, recall=recall)
