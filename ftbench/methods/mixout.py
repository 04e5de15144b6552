"""Mixout: in every pass, random neurons take their pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.domain.model import LINEAR
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.nn.mixed import MixedLinear
    from ftbench.run.run import Run


class Mixout(Method):
    """Mixout (Lee et al. 2020, arXiv:1909.11299): dropout toward the pretrained weights instead of zero.

    Differs from the authors' code: its backward pass leaves out the factor 1/(1-p) of the derivative
    (``exact_gradient=false``).
    """

    title = "Mixout"
    paper = "Lee et al. 2020, arXiv:1909.11299"
    family = "regularisation"
    formula = "W̃ = ((1−M)⊙W₀ + M⊙W − p·W₀)/(1−p),  M_j ~ Bernoulli(1−p) by input column, anew at every call"
    cost = "1 pass a step; each linear weight is mixed once a call"
    needs = frozenset({LINEAR})
    memory = "2 buffers a linear weight: W₀, and W̃ while a pass runs"
    unsupported_note = "XLNet's attention keeps raw projections, no nn.Linear: they train plainly"
    published = {"exact_gradient": False}
    neutral = {"p": 0.0, "dropout": None}
    differs = (
        "exact_gradient=false (released, variant=published): the backward pass gives G⊙M, without the "
        "1/(1−p) of the derivative; Adam cancels a factor of all weights, but clipping and SGD do not. "
        "Default: the derivative.",
        "dropout (default 0): the authors set every dropout to 0, as mixout stands in its place; none keeps "
        "the recipe's.",
        "optimizer: the authors' example steps by transformers' own AdamW: variant=published is theirs with "
        "`--set optimizer=adamw_hf`, which the suites that have it set. Default: the recipe's, torch's.",
        "p (default 0.7): a choice. The paper's values for BERT-large are 0.7 to 0.9, later papers search "
        "0.1 to 0.8.",
        "layers: all linear layers, as the authors' code for BERT; new layers are drawn toward their own "
        "random start. A layer that is called several times a pass (ALBERT) draws at every call.",
    )

    @dataclass(frozen=True)
    class HParams:
        """Mixout's hyper-parameters."""

        p: float = hparam(
            0.7,
            range=(0, 1),
            help="probability that an input column takes the pretrained weights",
            grid=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
        )
        exact_gradient: bool = hparam(True, help="the backward pass has the factor 1/(1-p)")
        dropout: float | None = hparam(
            0.0, range=(0, 1), open="high", help="of the whole model; none: the recipe's"
        )

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Set the dropout and insert the mixed layers; with p=0 nothing is mixed."""
        from ftbench.nn import mixed
        from ftbench.nn.dropout import set_dropout

        p = self.hparams.p
        if self.hparams.dropout is not None:
            set_dropout(model, self.hparams.dropout)
        if p == 0:
            return None

        def mixture(layer: MixedLinear) -> tuple[Tensor, Tensor]:
            keep = run.noise.bernoulli(layer.name, (layer.in_features,), 1 - p, like=layer.weight)
            return keep, layer.start

        return mixed.insert(model, mixture, p=p, exact_gradient=self.hparams.exact_gradient)

    def on_train_start(self, run: Run) -> None:
        """The weights that training starts from are the target."""
        from ftbench.nn import mixed

        for layer in mixed.layers(run.model):
            layer.restart()

    def model_for_evaluation(self, run: Run) -> nn.Module:
        """The model with its plain layers."""
        from ftbench.nn import mixed

        return mixed.remove(run.model)
