"""Layer-wise learning-rate decay: the lower a layer, the smaller its steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.errors import ModelError
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import nn

    from ftbench.nn.optimizers import Optimizer
    from ftbench.run.run import Run


def layer_scales(layers: Iterable[Iterable[str]], below: Iterable[str], decay: float) -> dict[str, float]:
    """Factors of the learning rate: ξ for the top layer, ξ² for the next, …, ξ^(L+1) for what is below.

    Args:
        layers: names of the parameters of every layer, bottom first.
        below: names of the embeddings' parameters.
        decay: ξ, in (0, 1].
    """
    groups = [list(below), *(list(layer) for layer in layers)]
    count = len(groups)
    return {name: decay ** (count - place) for place, group in enumerate(groups) for name in group}


class LLRD(Method):
    """Layer-wise learning-rate decay (Howard & Ruder 2018, arXiv:1801.06146), as in Zhang et al. 2020.

    Differs from the authors' code (Zhang et al. 2020, arXiv:2006.05987): see ``differs``.
    """

    title = "LLRD"
    paper = "Howard & Ruder 2018, arXiv:1801.06146; as in Zhang et al. 2020, arXiv:2006.05987"
    family = "layers"
    formula = "pooler, head: lr;  l-th layer from the top: lr·ξ^l;  embeddings: lr·ξ^(L+1)"
    cost = "1 pass a step"
    memory = "none"
    unsupported_note = "models without transformer layers"
    neutral = {"decay": 1.0}
    differs = (
        "Encoder-decoder: our choice: one stack, the decoder above the encoder (L is the sum); the code "
        "knows encoders only.",
        "Shared layers (ALBERT) count as one layer, lr·ξ.",
        "recipe: the authors use weight decay 0 with it; here every method keeps the comparison's recipe.",
    )

    @dataclass(frozen=True)
    class HParams:
        """LLRD's hyper-parameters."""

        decay: float = hparam(
            0.95,
            range=(0, 1),
            open="low",
            help="ξ, factor of the learning rate from a layer to the next lower one",
            grid=(0.9, 0.95),
        )

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        """The recipe's optimiser with a factor of the learning rate for every depth.

        Raises:
            ModelError: there are no layers.
        """
        from ftbench.nn import structure

        parts = structure.parts(run.model, run.head_names)
        if not parts.layers:
            raise ModelError("llrd: the model has no transformer layers")
        return {"main": run.optimizer(scales=layer_scales(parts.layers, parts.below, self.hparams.decay))}
