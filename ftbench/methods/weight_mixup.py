"""Attention-guided weight mixup: each weight a mixture of task and pretrained weight, learned bi-level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ftbench.domain.model import LINEAR
from ftbench.methods._weight_mixup import FineTune, Joint, Phase, Search

if TYPE_CHECKING:
    from torch import nn

    from ftbench.domain.task import TaskSpec
    from ftbench.methods.base import JobTrainer
    from ftbench.run.run import Run


class WeightMixup(Phase):
    """Attention-guided weight mixup (Somayajula et al. 2024): K searches for alpha, then fine-tuning.

    The loss that alpha descends, on the held-out rows, is the curve ``outer_loss`` of each search.
    Differs from the authors' code: see the card; betty-ml 0.2.0, on which it rests, does not compute Eq. 6.
    """

    title = "Weight mixup (BLO)"
    paper = "Somayajula et al. 2024, arXiv:2403.12918, Eq. 1-6"
    family = "bi-level"
    formula = (
        "W~ = (AB)⊙W + ((1-A)(1-B))⊙W0;  W' = W - η∇_W L_tr;  "
        "∇α = ∇_α L_val(W') - η[∇_α L_tr(W+εv) - ∇_α L_tr(W-εv)]/2ε,  v = ∇_W' L_val"
    )
    cost = (
        "49 epochs' passes (published 61) against vanilla's 3; search: 4 passes a step (published 5), "
        "k·search_epochs epochs of 1-held_out of the rows; then finetune_epochs of 1 pass"
    )
    needs = frozenset({LINEAR})
    memory = (
        "4 buffers of the weights' size: W0, in a search one copy of W, and during a pass W~ and AB of every "
        "layer; rollback=real and all: copies of W and of Adam's state more; on the CPU the searches' mean"
    )
    unsupported_note = (
        "only nn.Linear is mixed: XLNet's attention, which holds bare matrices, trains as in vanilla"
    )
    neutral = {"alpha": "ones"}
    differs = (
        "formula=factored (default) is what the paper says it uses at low rank, and what the code does. It "
        "is no average: at A = B = 1/2 it gives W/4 + W0/4. formula=convex is the paper's first equation.",
        "rank_constant=false (code): no 1/rank, so that above rank 1 the mixture leaves [0, 1]; default: "
        "Eq. 3.",
        "rollback=noop (code: betty-ml 0.2.0 caches its state by reference): two inner steps on each batch; "
        "wipe_adam=true: after the first of them Adam's state is lost. Default: one step. rollback=real is "
        "DARTS; rollback=all is betty-ml 0.2.1, with which alpha never moves.",
        "restore=false (code): W stays at W - εv, a step down the validation loss in every iteration, so "
        "that W is trained on the rows held out for alpha. Default: W' is brought back, to the last bit.",
        "centre=after (code): differences around W'; default: around W, as Eq. 6 says.",
        "precondition=true, eta_w=false (code): the indirect term lacks η and is divided by Adam's factors, "
        "which makes it outweigh the direct one by orders of magnitude. Default: Eq. 6.",
        "perturbed_masks=independent (code): the difference is mostly dropout noise. Default (our choice): "
        "one mask for the two perturbed passes.",
        "alpha_weight_decay=0 (code); default: the paper's 0.01.",
        "average=all (default, and the scripts'): W is averaged over the searches with alpha, so that the "
        "last run goes on with it. The paper averages alpha and does not say where W begins anew; "
        "average=alpha begins at W0.",
        "clip_counts_frozen=true (code): in the last run the clipped norm counts alpha's and W0's gradients.",
        "iterations of a search epoch: rows/batch rounded up; the code makes one more where that is whole "
        "(16 for 15 at 300 rows). Not a switch.",
        "search_optimizer=adamw_hf (code, in the search only); default: the recipe's.",
        "choices where the paper is silent: alpha's learning rate 2e-3, cosine schedule and the search's "
        "clip 5.0 are the code's. search_epochs and finetune_epochs replace the recipe's length in their "
        "runs; the ablations (alpha=joint, random, ones) are one run of the recipe's length.",
    )
    Search, Joint, FineTune = Search, Joint, FineTune

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """The phases configure their own; driven by itself, the method is its last run's plain training."""
        return None

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """Of the searches and the last run; a search trains on the rows that are not held out."""
        h = self.hparams
        if h.alpha != "searched":
            return 1.0
        step = 4.0 if h.rollback == "none" else 5.0  # W's; alpha's own and two of its difference; W's again
        search = h.k * step * (1.0 - h.held_out) * (epochs if h.search_epochs is None else h.search_epochs)
        last = epochs if h.finetune_epochs is None else h.finetune_epochs
        return (search + last) / epochs

    def fit(self, trainer: JobTrainer) -> nn.Module:
        """Search K times, average, fine-tune; gives a model of plain layers."""
        from ftbench.nn.averaging import StateAverage
        from ftbench.nn.mixup import unmix

        h = self.hparams
        if h.alpha == "joint":
            return unmix(trainer.run(Joint(h)).model)
        if h.alpha != "searched":
            return unmix(trainer.run(FineTune(h)).model)
        searches = StateAverage()
        for number in range(h.k):
            name = f"search-{number}"
            searches.add(
                trainer.run(
                    Search(h),
                    name=name,
                    recipe=self._search_recipe(),
                    split_seed=trainer.member_seed(name) if number else None,
                ).model.state_dict()
            )
        length = {} if h.finetune_epochs is None else {"epochs": h.finetune_epochs}
        return unmix(trainer.run(FineTune(h, searches.mean()), recipe=length).model)

    def _search_recipe(self) -> dict[str, Any]:
        h = self.hparams
        recipe: dict[str, Any] = {"clip": h.search_clip}
        if h.search_epochs is not None:
            recipe["epochs"] = h.search_epochs
        if h.search_optimizer is not None:
            recipe["optimizer"] = h.search_optimizer
        return recipe
