"""DPS Dense: whole updates that accumulate squared gradients, then updates of the sub-network they select."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ftbench.domain.hparams import hparam
from ftbench.domain.model import LINEAR
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.run.data import Batch
    from ftbench.run.run import Run

# The rows of the authors' larger low-resource setting, whose scripts count the steps of one epoch.
LOW_RESOURCE = 1000


def cycle_steps(total_steps: int, *, epochs: float | None, batch_size: int, cycle: str = "total") -> int:
    """The steps that ``update_ratio`` is a fraction of.

    Args:
        total_steps: updates of the run.
        epochs: passes over the data; None where the run is given in steps.
        batch_size: rows of an update.
        cycle: ``total``: all steps; ``published``: those of one epoch where it has 1000 rows or fewer.
    """
    if cycle == "total" or epochs is None:
        return total_steps
    one = max(1, math.floor(total_steps / epochs + 1e-9))
    return one if one <= math.ceil(LOW_RESOURCE / batch_size) else total_steps


def stage_length(steps: int, update_ratio: float) -> int:
    """The updates of each stage: us = ⌊ms·ur⌋ (Alg. 1), at least 1."""
    return max(1, math.floor(steps * update_ratio + 1e-9))


def stage(step: int, us: int) -> tuple[int, bool]:
    """Which stage a step (from 0) is in, 1 or 2, and whether it is the stage's first (Alg. 1)."""
    return 1 + step // us % 2, step % us == 0


def selected(score: Tensor, keep_ratio: float) -> Tensor:
    """True at the ceil(keep_ratio·N) largest scores of a matrix and what ties with the last (Eq. 5).

    Scores that rounding alone tells apart tie: the two rows of a two-class head have opposite gradients, and
    the order of a sum must not choose between them.

    Args:
        score: not negative, any shape.
        keep_ratio: in (0, 1].
    """
    import torch

    from ftbench.nn.selection import keep_mask

    return keep_mask(score, keep_ratio, tolerance=torch.finfo(score.dtype).eps ** (2 / 3))


class DPSDense(Method):
    """DPS Dense (Zhang et al. 2022, Alg. 1, Eq. 5-6): stages of ``us`` steps, whole and selected in turn.

    Differs from the authors' code: there the weights that are not selected still move by momentum and decay
    (``frozen=drifting``), dropout is 0 in short runs, and the head is drawn otherwise; see ``differs``.
    """

    title = "DPS Dense"
    paper = "Zhang et al. 2022, arXiv:2211.01642, Alg. 1, Eq. 5-6"
    family = "sub-network"
    formula = (
        "stage I: GAM = Σ G², Adam(G);  stage II: M = GAM ≥ the ceil(keep_ratio·N)-th largest, Adam(G⊙M)"
    )
    cost = "1 pass a step; a selection in every cycle of 2·us steps"
    needs = frozenset({LINEAR})
    memory = "1 buffer a linear weight: GAM in stage I, in stage II the weights it began with and a byte"
    published = {
        "cycle": "published",
        "frozen": "drifting",
        "dropout": 0.0,
        "dropout_below": 2000,
        "head_init": "kaiming_uniform",
    }
    neutral = {"keep_ratio": 1.0}
    differs: ClassVar[tuple[str, ...]] = (
        "frozen=drifting (released, variant=published): stage II masks the gradient alone, and momentum and "
        "decay move the other weights on, 0.8 times as far as the selected ones in our recordings. Default: "
        "they stay constant, as the paper says; Adam's moments still see their gradient as 0.",
        "cycle=published (released): us counts the steps of one epoch in the low-resource runs (1000 rows or "
        "fewer), though three are trained: us is 1 at 500 rows, and a division by zero at 300 (here: at "
        "least 1); where the length is given in steps it is taken as it is. Default: us counts all steps, as "
        "Alg. 1.",
        "dropout=0, dropout_below=2000 (released): no dropout in runs of fewer than 2000 updates; the paper "
        "does not say so. Default: the recipe's.",
        "head_init=kaiming_uniform (released): the new layers are drawn as torch draws them, with uniform "
        "biases: from the stream of the head, but another head than the other methods start from. A head "
        "that a user brings stays. Default: as for every method.",
        "optimizer: the authors' step is that of transformers 4's AdamW: variant=published is theirs with "
        "`--set optimizer=adamw_hf`, which the suites of their tables set. Default: the recipe's, torch's.",
        "keep_ratio is the fraction that stage II updates; the authors' reserve_p (0.3) is the rest.",
        'threshold: per tensor, over all linear maps ("specific layers" in the paper), ties '
        "kept (2e-5 apart is a tie in float32: rounding must not choose); the gradient is masked before it "
        "is clipped: as the code. Steps are counted by update, not by forward call, so that accumulation and "
        "resuming change nothing.",
    )

    @dataclass(frozen=True)
    class HParams:
        """Hyper-parameters of DPS Dense."""

        keep_ratio: float = hparam(
            0.7,
            range=(0, 1),
            open="low",
            help="fraction of each weight matrix that stage II updates",
            grid=(0.5, 0.6, 0.7, 0.8, 0.9),
        )
        update_ratio: float = hparam(
            0.05, range=(0, 1), open="low", help="length of a stage as a fraction of all updates"
        )
        cycle: str = hparam(
            "total", choices=("total", "published"), help="published: of one epoch's updates on few rows"
        )
        frozen: str = hparam(
            "constant",
            choices=("constant", "drifting"),
            help="what is not selected: constant, or moved by momentum and decay",
        )
        dropout: float | None = hparam(
            None, range=(0, 1), open="high", help="of the whole model; none: the recipe's"
        )
        dropout_below: int | None = hparam(
            None,
            range=(1, math.inf),
            unit="updates",
            help="dropout is set in shorter runs only; none: all",
        )
        head_init: str = hparam(
            "recipe",
            choices=("recipe", "kaiming_uniform"),
            help="new linear layers: as for every method, or torch's own",
        )

    def __init__(self, hparams: HParams | None = None) -> None:
        """Begin without a selection."""
        super().__init__(hparams)
        self._gam: dict[str, Tensor] = {}
        self._masks: dict[str, Tensor] = {}
        self._held: dict[str, Tensor] = {}

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Set the dropout, and draw the new layers again, where asked for."""
        from ftbench.nn.dropout import set_dropout

        below = self.hparams.dropout_below
        if self.hparams.dropout is not None and (below is None or run.total_steps < below):
            set_dropout(model, self.hparams.dropout)
        if self.hparams.head_init == "kaiming_uniform" and run.drawn_head:
            _redraw_head(model, run)
        return None

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """A whole update that is accumulated in stage I, or an update of the selected weights in stage II."""
        if self.hparams.keep_ratio == 1:
            return super().training_step(run, batch)
        number, first = stage(run.step, self._us(run))
        if first and number == 1:
            self._clear()
        elif first:
            self._select(run)
        loss = run.backward(self.compute_loss, batch)
        if number == 1:
            self._accumulate(run)
        else:
            self._mask_gradients(run)
        run.step_optimizer("main")
        if number == 2 and self.hparams.frozen == "constant":
            self._restore(run)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """What stage I accumulated; in stage II the selection, and the weights it began with."""
        return {"gam": self._gam, "masks": self._masks, "held": self._held}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue inside a stage."""
        self._gam, self._masks, self._held = (dict(state[k]) for k in ("gam", "masks", "held"))

    def _us(self, run: Run) -> int:
        steps = cycle_steps(
            run.total_steps,
            epochs=run.recipe.epochs,
            batch_size=run.recipe.batch_size,
            cycle=self.hparams.cycle,
        )
        return stage_length(steps, self.hparams.update_ratio)

    def _clear(self) -> None:
        for kept in (self._gam, self._masks, self._held):
            kept.clear()

    def _accumulate(self, run: Run) -> None:
        """GAM += G², of the whole batch's gradient, before it is clipped."""
        from ftbench.nn import structure

        for name in sorted(structure.linear_weight_names(run.model) & run.parameters.keys()):
            gradient = run.parameters[name].grad
            if gradient is None:
                continue
            if name in self._gam:
                self._gam[name].addcmul_(gradient, gradient)
            else:
                self._gam[name] = gradient.square()

    def _score(self, name: str, gam: Tensor, us: int) -> Tensor:
        """What the weights of one matrix are selected by (Eq. 5)."""
        return gam

    def _select(self, run: Run) -> None:
        """Derive the masks, matrix by matrix, and clear what was accumulated."""
        us = self._us(run)
        self._masks = {}
        for name in list(self._gam):
            score = self._score(name, self._gam.pop(name), us)
            self._masks[name] = selected(score, self.hparams.keep_ratio)
        if self._holds():
            self._held = {n: run.parameters[n].detach().clone() for n in self._masks}

    def _holds(self) -> bool:
        return bool(self.hparams.frozen == "constant")

    def _mask_gradients(self, run: Run) -> None:
        for name, mask in self._masks.items():
            gradient = run.parameters[name].grad
            if gradient is not None:
                gradient.mul_(mask)

    def _restore(self, run: Run) -> None:
        """Undo what momentum and decay did to the weights that are not selected."""
        import torch

        with torch.no_grad():
            for name, mask in self._masks.items():
                weight = run.parameters[name]
                weight.mul_(mask).add_(self._held[name] * ~mask)  # exact: one term is 0


def _redraw_head(model: nn.Module, run: Run) -> None:
    """Draw the new linear layers from the distribution of torch's: all uniform on ±1/√(inputs)."""
    import torch
    from torch import nn

    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and f"{name}.weight" in run.head_names:
            bound = module.in_features**-0.5
            with torch.no_grad():
                for own, p in module.named_parameters(recurse=False):
                    p.copy_(run.head_noise.uniform(f"{name}.{own}", p.shape, -bound, bound, like=p))
