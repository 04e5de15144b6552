"""Re-init: the pooler and the highest layers forget their pretrained weights before fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.errors import ModelError
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import nn

    from ftbench.domain.model import ModelSpec
    from ftbench.domain.task import TaskSpec
    from ftbench.run.run import Run


class Reinit(Method):
    """Re-init (Zhang et al. 2020, arXiv:2006.05987): pooler and top L layers are drawn anew from N(0, 0.02²).

    Differs from the authors' code: draws come from a stream of their own; see ``differs``.
    """

    title = "Re-init"
    paper = "Zhang et al. 2020, arXiv:2006.05987"
    family = "layers"
    formula = "pooler and top L layers: W ~ N(0, initializer_range²), b = 0, LayerNorm 1 and 0; then vanilla"
    cost = "1 pass a step"
    memory = "none"
    unsupported_note = (
        "L above the number of layers; ALBERT, where re-initialising one layer would re-initialise all"
    )
    differs = (
        "layers=3 is our choice; the papers search 1 to 7 task by task. layers=0 re-initialises the pooler "
        "alone. The deviation is the model's own initializer_range (0.02 for BERT).",
        "What stands between the layers and the new head counts as pooler (BERT, ALBERT; ModernBERT's last "
        "norm and head; the last norm of decoders and of T5's encoder); RoBERTa, ELECTRA, DeBERTa, "
        "DistilBERT, XLNet and BART have none that is pretrained. Gemma's norms scale by 1 + weight: their "
        "weight is 0.",
        "Encoder-decoder: layers count from the top of the decoder, and on from the top of the encoder.",
        "Weights outside linear layers (XLNet's q, k, v, o, r and its attention biases): matrices are "
        "N(0, σ²), vectors 0.",
        "recipe: the authors use decay 0, batch 32 and the best checkpoint on half of the dev set; here "
        "every method keeps the comparison's recipe and is scored at its end.",
    )

    @dataclass(frozen=True)
    class HParams:
        """Re-init's hyper-parameters."""

        layers: int = hparam(
            3,
            range=(0, float("inf")),
            unit="layers",
            help="L, highest layers that are re-initialised, besides the pooler",
            grid=(1, 2, 3, 4, 5, 6, 7),
        )

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """More layers than there are, or layers that are one."""
        count = self.hparams.layers
        if count and model.family == "albert":
            return f"reinit[layers={count}]: the layers of {model.name} share their weights"
        if model.layers and count > model.layers:
            return f"reinit[layers={count}]: {model.name} has {model.layers} layers"
        return None

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Draw pooler and top layers anew; the head has been drawn already and stays.

        Raises:
            ModelError: there are fewer layers.
        """
        from ftbench.nn import structure

        parts, count = structure.parts(model, run.head_names), self.hparams.layers
        if count > len(parts.layers):
            raise ModelError(f"reinit[layers={count}]: the model has {len(parts.layers)} layers of its own")
        drawn = parts.above.union(*parts.layers[len(parts.layers) - count :])
        for name, parameter in model.named_parameters():
            if name in drawn:
                self._draw(model, name, parameter, run)

    def _draw(self, model: nn.Module, name: str, parameter: nn.Parameter, run: Run) -> None:
        """One parameter: 1 for a normalisation's weight, 0 for a vector, N(0, σ²) for a matrix."""
        from ftbench.nn import structure

        owner, _, own = name.rpartition(".")
        weight, module = parameter.detach(), model.get_submodule(owner)
        if "Norm" in type(module).__name__ and own == "weight":
            weight.fill_(structure.neutral_scale(module))
        elif weight.ndim < 2:
            weight.zero_()
        else:
            std = float(getattr(getattr(model, "config", None), "initializer_range", 0.02) or 0.02)
            weight.copy_(run.noise.normal(name, weight.shape, std, like=weight))
