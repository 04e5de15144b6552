"""R4F: R3F with a head of Lipschitz constant 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.hparams import hparam
from ftbench.errors import ModelError
from ftbench.methods.r3f import R3F

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.domain.task import TaskSpec
    from ftbench.run.data import Batch
    from ftbench.run.run import Run


class R4F(R3F):
    """R4F (Aghajanyan et al. 2020, arXiv:2008.03156): R3F, and each layer of the head divided by its norm.

    Differs from the authors' code: that normalises the last layer of the head alone (normalise=output).
    """

    title = "R4F"
    paper = "Aghajanyan et al. 2020, arXiv:2008.03156, Eq. 1 with Lip(g) ≤ 1"
    formula = "R3F with W/σ(W) for the weights of the head, σ the largest singular value, by power iteration"
    cost = "2 passes a step (1 in regression, or with λ 0), and a power iteration of the head"
    memory = "activations of both passes; two vectors a layer of the head"
    published = {"normalise": "output"}
    neutral = None
    differs = (
        "normalise=head (default): every new linear layer is divided by its spectral norm, so that the "
        "head has Lipschitz constant 1 as the paper asks; normalise=output (variant=published): the last "
        "alone, as in the released fairseq heads.",
        "One power iteration an update, not one a pass: the norm is then the same in both passes and in all "
        "micro-batches.",
        "A pooler that came from pretraining is not part of the head.",
        "regression has no noise term: the method is then vanilla with a normalised head.",
        *R3F.differs[1:],
    )

    @dataclass(frozen=True)
    class HParams(R3F.HParams):
        """R4F's hyper-parameters."""

        normalise: str = hparam(
            "head", choices=("head", "output"), help="all new linear layers, or the last of them"
        )

    def note_for(self, task: TaskSpec) -> str | None:
        """Regression has no noise term."""
        return "no noise term in regression, only the normalised head" if task.regression else None

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Divide the head's weights by their spectral norms."""
        import torch
        from torch.nn.utils.parametrizations import spectral_norm

        layers = {
            name: module
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and f"{name}.weight" in run.head_names
        }
        if not layers:
            raise ModelError(f"r4f: {type(model).__name__} has no new linear layer to normalise")
        if self.hparams.normalise == "output":
            layers = dict([list(layers.items())[-1]])
        self._norms: list[Any] = []
        for name, module in layers.items():
            with run.noise.torch_seed(name):
                normalised: Any = spectral_norm(module)
            # The estimate moves once an update, not in each pass.
            self._norms.append(normalised.parametrizations.weight)
            self._norms[-1][0].eval()

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """A power iteration, then a step as R3F makes it."""
        import torch

        with torch.no_grad():
            for weight in self._norms:
                weight[0].train()
                weight[0](weight.original)
                weight[0].eval()
        return super().training_step(run, batch)
