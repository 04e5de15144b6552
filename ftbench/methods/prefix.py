"""Prefix tuning: trained keys and values before those of every layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.hparams import hparam
from ftbench.errors import BadValue
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import nn

    from ftbench.domain.model import ModelSpec
    from ftbench.domain.task import TaskSpec
    from ftbench.run.run import Run

#: Families whose attention in transformers takes no keys and values from outside.
NO_PAST = ("deberta", "deberta-v2", "albert", "distilbert", "modernbert", "xlnet", "t5", "mt5", "umt5")
PAST = "a prefix needs attention that takes keys and values from outside, which this architecture's does not"
BART = "peft's prefix for classifiers knows encoders only, and BART's classifier has a decoder"


def refusal(family: str) -> str | None:
    """Why a family of models cannot have a prefix, or None."""
    if family == "bart":
        return BART
    if family in NO_PAST:
        return PAST
    return None


class Prefix(Method):
    """Prefix tuning (Li and Liang 2021, arXiv:2101.00190): each layer attends to trained keys and values.

    Made by the peft library, as a wrapper. The classifier is trained whole; what is pretrained is frozen.
    """

    title = "Prefix tuning"
    paper = "Li and Liang 2021, arXiv:2101.00190, Eq. 3"
    family = "parameter-efficient"
    formula = "attention of every layer over [P_K; K], [P_V; V];  P_K, P_V ~ N(0, 1) and the classifier train"
    cost = "1 pass a step, each token attending to num_virtual_tokens more; no weight gradients of the frozen"
    memory = (
        "less than vanilla: optimiser state for the prefix and the classifier alone (0.3 % on BERT-large)"
    )
    unsupported_note = (
        "BERT, RoBERTa, ELECTRA and decoders only: DeBERTa, ALBERT, DistilBERT, ModernBERT, XLNet and T5's "
        "encoder take no keys and values from outside, and peft has no prefix for BART's classifier"
    )
    differs = (
        "20 tokens, no projection, the classifier trained and BERT's pooler frozen: the setting of the "
        "weight mixup paper, whose count on BERT-large (985,090) this gives exactly. Li and Liang train the "
        "prefix through an MLP.",
        "recipe: the weight mixup paper gives none; it brings lr 1e-2, 20 epochs and 6 % warm-up, those of "
        "peft's own examples (our choice): in the few updates that fine-tuning needs it hardly learns. "
        "`--set epochs=3` makes its runs as long as the others.",
        "positions: as in peft, the text begins at position num_virtual_tokens, so that "
        "max_length + num_virtual_tokens must not exceed the model's positions.",
    )

    @dataclass(frozen=True)
    class HParams:
        """The prefix's hyper-parameters."""

        num_virtual_tokens: int = hparam(
            20, range=(1, 512), unit="tokens", help="length of the prefix", grid=(10, 20, 50)
        )
        train_pooler: bool = hparam(False, help="train the pretrained pooler, too")

    @classmethod
    def recipe_defaults(cls, variant: str = "paper") -> dict[str, Any]:
        """The learning rate, length and warm-up of peft's examples."""
        return {"lr": 1e-2, "epochs": 20, "warmup_ratio": 0.06}

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """Attention that takes no keys and values from outside."""
        return refusal(model.family)

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module:
        """Wrap the model; freeze all but the prefix and the classifier."""
        from ftbench.nn import adapters

        library = adapters.peft("prefix")
        reason = refusal(adapters.family(model)) or (None if adapters.takes_past(model) else PAST)
        if reason:
            raise BadValue(f"prefix: {reason}")
        config = library.PrefixTuningConfig(
            task_type="SEQ_CLS",
            num_virtual_tokens=self.hparams.num_virtual_tokens,
            **adapters.shape_of(model),
        )
        with run.noise.torch_seed("prefix"):
            return adapters.prompted(library, model, config, run.head_names, self.hparams.train_pooler)
