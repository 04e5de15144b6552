"""LoRA: low-rank updates beside frozen projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.hparams import hparam
from ftbench.domain.model import LINEAR
from ftbench.errors import BadValue
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import nn

    from ftbench.domain.model import ModelSpec
    from ftbench.domain.task import TaskSpec
    from ftbench.run.run import Run

#: Where queries and values are not linear layers.
NO_QUERY_VALUE = {
    "xlnet": "XLNet keeps its attention as plain parameters, which LoRA does not reach; target=all_linear "
    "adapts its feed-forward layers"
}


class LoRA(Method):
    """LoRA (Hu et al. 2022, arXiv:2106.09685): the weights stay, and a product of two thin matrices is added.

    Made by the peft library, in place. The classifier is trained whole; what is pretrained is frozen.
    """

    title = "LoRA"
    paper = "Hu et al. 2022, arXiv:2106.09685, Eq. 3"
    neutral_start = True
    family = "parameter-efficient"
    formula = "h = W0·x + (α/r)·B·A·dropout(x);  A Kaiming-uniform, B = 0;  A, B and the classifier train"
    cost = "1 pass a step; no weight gradients of what is frozen"
    needs = frozenset({LINEAR})
    memory = "less than vanilla: optimiser state for A, B and the classifier alone (0.2 % on BERT-large)"
    unsupported_note = "XLNet with target=query_value: its attention is not made of linear layers"
    differs = (
        "r 8, α 16, dropout 0.1 on queries and values, the classifier trained and BERT's pooler frozen: the "
        "setting of the weight mixup paper, whose count on BERT-large (788,482) this gives exactly.",
        "recipe: the weight mixup paper gives none; it brings lr 3e-4, 20 epochs and 6 % warm-up, those of "
        "peft's own examples (our choice): in the few updates that fine-tuning needs it hardly learns. "
        "`--set epochs=3` makes its runs as long as the others.",
        "target: DeBERTa and ModernBERT project to queries, keys and values with one matrix: query_value "
        "adapts that (for DeBERTa as peft does). BART: in encoder, decoder and between them.",
        "what stands before the classifier and was not pretrained (in RoBERTa, DeBERTa) is trained with it.",
    )

    @dataclass(frozen=True)
    class HParams:
        """LoRA's hyper-parameters."""

        r: int = hparam(8, range=(1, 4096), help="rank of the update", grid=(4, 8, 16))
        alpha: float = hparam(
            16.0,
            range=(0, float("inf")),
            open="low",
            help="the update is scaled by alpha/r",
            grid=(8, 16, 32),
        )
        lora_dropout: float = hparam(0.1, range=(0, 1), open="high", help="dropout on the input of A")
        target: str = hparam(
            "query_value",
            choices=("query_value", "all_linear"),
            help="the projections of attention, or every linear layer of the transformer layers",
        )
        train_pooler: bool = hparam(False, help="train the pretrained pooler, too")

    @classmethod
    def recipe_defaults(cls, variant: str = "paper") -> dict[str, Any]:
        """The learning rate, length and warm-up of peft's examples."""
        return {"lr": 3e-4, "epochs": 20, "warmup_ratio": 0.06}

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """Attention that is not made of linear layers."""
        return NO_QUERY_VALUE.get(model.family) if self.hparams.target == "query_value" else None

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Put the updates beside the projections; freeze the rest but for the classifier."""
        from ftbench.nn import adapters

        hparams = self.hparams
        library = adapters.peft("lora")
        leaves = adapters.QUERY_VALUE if hparams.target == "query_value" else None
        targets = adapters.linear_layers(model, leaves)
        if not targets:
            raise BadValue(f"lora: the model has no linear layers of target={hparams.target}")
        trained = adapters.task_parameters(model, run.head_names, hparams.train_pooler)
        with run.noise.torch_seed("lora"):
            added = adapters.add_lora(
                library, model, targets, rank=hparams.r, alpha=hparams.alpha, dropout=hparams.lora_dropout
            )
        adapters.train_only(model, [*trained, *added])
