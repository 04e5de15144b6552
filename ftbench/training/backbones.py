"""Backbones: the class that a family is read as, and what makes decoders classify as encoders do."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ftbench.models import architecture
from ftbench.nn import decoders


def model_class(family: str, *, tokens: bool = False) -> Any:
    """The class whose ``from_pretrained`` reads a family's weights below a head.

    Args:
        family: as its configuration names it.
        tokens: whether the head is on every token, not on the whole text.
    """
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    if tokens:
        return AutoModelForTokenClassification
    if family in architecture.T5:
        from ftbench.nn.t5_encoders import CLASSIFIERS

        return CLASSIFIERS[family]
    return AutoModelForSequenceClassification


def is_decoder(model: nn.Module, family: str, *, tokens: bool) -> bool:
    """Whether a model is a decoder: one whose family classifies a text from its last token.

    Args:
        model: with its head.
        family: as its configuration names it.
        tokens: whether the head is on every token, by which decoders are not told from others.
    """
    if not tokens or family in architecture.T5:
        return decoders.reads_last_token(model)
    try:
        with torch.device("meta"):
            return decoders.reads_last_token(model_class(family).from_config(model.config))
    except ValueError:  # the family has no head on whole texts
        return False


def suit_decoder(model: nn.Module) -> None:
    """Make a decoder classify as it is meant to: whole texts from the last real token, without a cache."""
    if decoders.reads_last_token(model):
        decoders.pool_by_mask(model)
    config: Any = model.config
    config.get_text_config().use_cache = False  # keys and values would be copied for tokens that never come


def suit_tokenizer(tokenizer: Any) -> None:
    """Let the tokenizer of a decoder or of T5 pad on the right and give no segments, whatever it says.

    Positions then begin with the text, and its distance from a prompt is that without pads: a row's logits do
    not depend on its neighbours. GPT-2 would look segments up as words.
    """
    tokenizer.padding_side = "right"
    tokenizer.model_input_names = ["input_ids", "attention_mask"]


def choose_padding(tokenizer: Any, model: nn.Module, rows: int) -> None:
    """Give tokenizer and model a padding token where they have none: it is masked, and any will do.

    Args:
        tokenizer: of the model.
        model: its configuration gets a padding token where it has none that its embedding has.
        rows: of the word embedding; 0 where there is none.
    """
    whole: Any = model.config
    config = whole.get_text_config()

    def known(number: object) -> bool:
        return isinstance(number, int) and 0 <= number and (not rows or number < rows)

    if not known(tokenizer.pad_token_id):
        of_model = getattr(config, "pad_token_id", None)
        special = (tokenizer.eos_token_id, tokenizer.sep_token_id, tokenizer.unk_token_id, 0)
        chosen = next(number for number in (of_model, *special) if known(number))
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(chosen)
    if not known(getattr(config, "pad_token_id", None)):
        config.pad_token_id = tokenizer.pad_token_id
