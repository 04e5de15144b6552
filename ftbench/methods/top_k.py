"""Top-K tuning: only the highest layers, the pooler and the head are trained."""

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


class TopK(Method):
    """Top-K layer tuning, as Xu et al. 2021 (arXiv:2109.05687) compare against it; no code of its own.

    Differs from the authors' code: there is none.
    """

    title = "Top-K tuning"
    paper = "Houlsby et al. 2019, arXiv:1902.00751; as a baseline in Xu et al. 2021, arXiv:2109.05687"
    neutral_start = True
    family = "layers"
    formula = "train the k highest layers, the pooler and the head; freeze the rest, embeddings included"
    cost = "1 pass a step; the backward stops at the lowest trained layer"
    memory = "less than vanilla: no gradient nor moments of what is frozen"
    unsupported_note = (
        "k above the number of layers; k above 0 on ALBERT, whose layers share their weights: all or none"
    )
    differs = (
        "k=3 is our choice, the smallest above 0 of the grid that papers search; k=0 leaves the pretrained "
        "model as a feature extractor.",
        "Frozen means no gradient: the clip sees the trained parameters alone, and nothing frozen decays. "
        "Dropout stays on in the frozen layers, our choice.",
        "Encoder-decoder: layers count from the top of the decoder, and on from the top of the encoder.",
    )

    @dataclass(frozen=True)
    class HParams:
        """Top-K's hyper-parameters."""

        k: int = hparam(
            3,
            range=(0, float("inf")),
            unit="layers",
            help="highest layers that are trained; 0: only pooler and head",
            grid=(0, 3, 6, 12),
        )

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """More layers than there are, or layers that are one."""
        k = self.hparams.k
        if k and model.family == "albert":
            return f"top_k[k={k}]: the layers of {model.name} share their weights; only k=0 is possible"
        if model.layers and k > model.layers:
            return f"top_k[k={k}]: {model.name} has {model.layers} layers"
        return None

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Freeze embeddings and lower layers.

        Raises:
            ModelError: there are fewer layers.
        """
        from ftbench.nn import structure

        parts, k = structure.parts(model, run.head_names), self.hparams.k
        if k > len(parts.layers):
            raise ModelError(f"top_k[k={k}]: the model has {len(parts.layers)} layers of its own weights")
        frozen = parts.below.union(*parts.layers[: len(parts.layers) - k])
        for name, parameter in model.named_parameters():
            if name in frozen:
                parameter.requires_grad_(False)
