"""LP-FT: train the new head on frozen features first, then everything from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import JobTrainer, Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.domain.task import TaskSpec
    from ftbench.run.run import Run


class _Phase(Method):
    """What both phases share: the settings, and what the head is."""

    @dataclass(frozen=True)
    class HParams:
        """LP-FT's hyper-parameters."""

        probe_lr: float = hparam(
            1e-3,
            range=(0, float("inf")),
            open="low",
            help="peak learning rate of the probe",
            grid=(3e-4, 1e-3, 3e-3),
        )
        probe_epochs: float = hparam(
            3.0, range=(0, float("inf")), unit="epochs", help="of the probe; 0: none, plain fine-tuning"
        )
        probe_dropout: float | None = hparam(
            0.0, range=(0, 1), open="high", help="dropout in the probe; none: the recipe's"
        )


class _Probe(_Phase):
    """The probe: only the head learns; nothing below it has a gradient."""

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Freeze the pretrained part, and take its dropout away."""
        from ftbench.nn.dropout import set_dropout

        head = head_names(model, run)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in head)
        if self.hparams.probe_dropout is not None:
            set_dropout(model, self.hparams.probe_dropout)
        return None


class _FineTune(_Phase):
    """Plain fine-tuning from a given head.

    Args:
        hparams: the method's.
        head: values by parameter name; none: the head as it was drawn.
    """

    def __init__(
        self, hparams: _Phase.HParams | None = None, head: Mapping[str, Tensor] | None = None
    ) -> None:
        super().__init__(hparams)
        self._head = head or {}

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Begin with the head of the probe."""
        model.load_state_dict(self._head, strict=False)
        return None


class LPFT(_Phase):
    """LP-FT (Kumar et al. 2022, arXiv:2202.10054): a linear probe, then fine-tuning from its head."""

    title = "LP-FT"
    paper = "Kumar et al. 2022, arXiv:2202.10054"
    family = "layers"
    formula = "head = argmin L(head; frozen features), by AdamW;  then AdamW on everything from (W0, head)"
    cost = "1 pass a step; before it probe_epochs of forward passes, no gradient below the head"
    memory = "as vanilla; the probe far less"
    neutral = {"probe_epochs": 0}
    differs = (
        "the authors fit the probe by logistic regression on stored features of images; here it is trained "
        "by the recipe's optimiser at probe_lr for probe_epochs (our choice: 1e-3 and 3 epochs).",
        "the head is what did not come from pretraining. BERT's pooler did, and stays frozen in the probe; "
        "RoBERTa's, ELECTRA's or DeBERTa's new dense layer is part of the head, which then is not linear.",
        "probe_dropout=0 (our choice): the features that are probed are the ones evaluation sees.",
        "fine-tuning is the recipe's, with its own learning rate (our choice).",
    )
    Probe = _Probe
    FineTune = _FineTune

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """The probe's have no backward."""
        return 1.0 + self.hparams.probe_epochs / epochs / 3.0

    def fit(self, trainer: JobTrainer) -> nn.Module:
        """Probe, then fine-tune."""
        h = self.hparams
        if not h.probe_epochs:
            return trainer.run(_FineTune(h)).model
        recipe = {"lr": h.probe_lr, "epochs": h.probe_epochs}
        head = _learned(trainer.run(_Probe(h), name="probe", recipe=recipe).model)
        return trainer.run(_FineTune(h, head)).model


def _learned(model: nn.Module) -> dict[str, Tensor]:
    """The values of the parameters that the probe trained; the model itself is let go."""
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


def head_names(model: nn.Module, run: Run) -> frozenset[str]:
    """What the probe trains: what did not come from pretraining, else the last linear layer."""
    if run.head_names:
        return run.head_names
    from torch import nn

    last = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
    return frozenset(n for n, _ in model.named_parameters() if n.rpartition(".")[0] == last)
