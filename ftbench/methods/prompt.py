"""Prompt tuning: trained embeddings before the text."""

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

REFUSED = {"bart": "BART's classifier takes no embeddings: it looks for the end of the text in the token ids"}


class Prompt(Method):
    """Prompt tuning (Lester et al. 2021, arXiv:2104.08691): trained embeddings stand before the text.

    Made by the peft library, as a wrapper. The classifier is trained whole; what is pretrained is frozen.
    """

    title = "Prompt tuning"
    paper = "Lester et al. 2021, arXiv:2104.08691, Sec. 2"
    family = "parameter-efficient"
    formula = "f([P; E(x)]);  P and the classifier train"
    cost = "1 pass a step; over num_virtual_tokens more tokens, no weight gradients of what is frozen"
    memory = "optimiser state for the prompt and the classifier alone; activations of the longer rows"
    unsupported_note = "BART: its classifier takes no embeddings"
    differs = (
        "20 tokens drawn from N(0, 1), the classifier trained and BERT's pooler frozen: the setting of the "
        "weight mixup paper, whose count on BERT-large (22,530) this gives exactly. Lester et al. start from "
        "the embeddings of words (init=vocabulary) and train no classifier.",
        "recipe: the weight mixup paper gives none; it brings lr 1e-3, 20 epochs and 6 % warm-up, those of "
        "peft's own examples (our choice): in the few updates that fine-tuning needs it hardly learns. "
        "`--set epochs=3` makes its runs as long as the others.",
        "positions: as in peft, the prompt stands before everything, so that what a classifier reads at the "
        "first position is a virtual token, and max_length + num_virtual_tokens must not exceed the model's "
        "positions.",
    )

    @dataclass(frozen=True)
    class HParams:
        """The prompt's hyper-parameters."""

        num_virtual_tokens: int = hparam(
            20, range=(1, 512), unit="tokens", help="length of the prompt", grid=(5, 20, 100)
        )
        init: str = hparam(
            "random", choices=("random", "vocabulary"), help="from N(0, 1), or the embeddings of random words"
        )
        train_pooler: bool = hparam(False, help="train the pretrained pooler, too")

    @classmethod
    def recipe_defaults(cls, variant: str = "paper") -> dict[str, Any]:
        """The learning rate, length and warm-up of peft's examples."""
        return {"lr": 1e-3, "epochs": 20, "warmup_ratio": 0.06}

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """Classifiers that take no embeddings."""
        return REFUSED.get(model.family)

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module:
        """Wrap the model; freeze all but the prompt and the classifier."""
        from ftbench.nn import adapters

        library = adapters.peft("prompt")
        reason = REFUSED.get(adapters.family(model))
        if reason:
            raise BadValue(f"prompt: {reason}")
        config = library.PromptTuningConfig(
            task_type="SEQ_CLS",
            num_virtual_tokens=self.hparams.num_virtual_tokens,
            prompt_tuning_init="SAMPLE_VOCAB" if self.hparams.init == "vocabulary" else "RANDOM",
            # A prompt has the width of the word embeddings, which in ELECTRA and ALBERT is not the layers'.
            **{**adapters.shape_of(model), "token_dim": adapters.embedding_width(model)},
        )
        with run.noise.torch_seed("prompt"):
            return adapters.prompted(library, model, config, run.head_names, self.hparams.train_pooler)
