"""Encoders of the T5 family with a head of one linear layer, which transformers does not have.

Its own classifier has T5's decoder, too. Here that is left out and the encoder's states are averaged, as in
Sentence-T5 (Ni et al. 2022, arXiv:2108.08877): half of the weights, and any method that works on encoders.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn
from transformers import MT5EncoderModel, T5EncoderModel, UMT5EncoderModel
from transformers.modeling_outputs import SequenceClassifierOutput


def mean_of_tokens(states: Tensor, mask: Tensor | None) -> Tensor:
    """The mean state of each row's real tokens.

    Args:
        states: shape (rows, tokens, width).
        mask: 1 for real tokens, shape (rows, tokens); None: all are.

    Returns:
        Shape (rows, width).
    """
    if mask is None:
        return states.mean(1)
    weight = mask.to(states.dtype).unsqueeze(-1)  # (rows, tokens, 1)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


class _MeanClassifier:
    """Encoder, mean over the real tokens, dropout, one linear layer; what its classes share."""

    base_model_prefix = "transformer"
    _keys_to_ignore_on_load_unexpected: ClassVar[list[str]] = ["decoder", "lm_head"]
    encoder_class: ClassVar[Any]

    def __init__(self, config: Any) -> None:
        """Build the encoder that a configuration of the family speaks of, and a head of ``num_labels``."""
        super().__init__(config)  # type: ignore[call-arg]
        self.transformer = self.encoder_class(config)
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(config.d_model, config.num_labels)
        self.post_init()  # type: ignore[attr-defined]

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        **_unused: object,
    ) -> SequenceClassifierOutput:
        """The logits, shape (rows, outputs), of token ids or of what stands in the place of their embeddings.

        What other classifiers take (``labels``, ``return_dict``, …) is not used: peft passes it on.
        """
        states = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, inputs_embeds=inputs_embeds
        )[0]
        logits = self.classifier(self.dropout(mean_of_tokens(states, attention_mask)))
        return SequenceClassifierOutput(logits=logits)


class T5EncoderClassifier(_MeanClassifier, T5EncoderModel.__base__):  # type: ignore[misc, name-defined]
    """T5's encoder."""

    encoder_class = T5EncoderModel


class MT5EncoderClassifier(_MeanClassifier, MT5EncoderModel.__base__):  # type: ignore[misc, name-defined]
    """mT5's encoder."""

    encoder_class = MT5EncoderModel


class UMT5EncoderClassifier(_MeanClassifier, UMT5EncoderModel.__base__):  # type: ignore[misc, name-defined]
    """UMT5's encoder."""

    encoder_class = UMT5EncoderModel


#: By the family's name in a configuration.
CLASSIFIERS = {"t5": T5EncoderClassifier, "mt5": MT5EncoderClassifier, "umt5": UMT5EncoderClassifier}
