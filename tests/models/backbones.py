"""Tiny folders of decoders and of T5, as people have them: random weights, and a tokenizer of a few words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.nn.transformers_small import CONFIGS, DECODERS, T5

#: Numbers of the special tokens; words follow.
PAD, BOS, EOS, UNK = range(4)
WORDS = "the a old red small dog cat bird sleeps sees eats runs and near house garden in it not is".split()
#: What each family is kept under the name of in these tests; one table of them for all.
KINDS = (*DECODERS, *T5, "roberta", "bert")


def tokenizer(place: Path, *, limit: int | None = None, ends: bool = False, **special: str | None) -> None:
    """Write a tokenizer of whole words; it begins with <s>, and ends with </s> where asked for."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(["<pad>", "<s>", "</s>", "<unk>", *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    single = "<s> $A </s>" if ends else "<s> $A"
    made.post_processor = processors.TemplateProcessing(
        single=single, pair=f"{single} $B", special_tokens=[("<s>", BOS), ("</s>", EOS)]
    )
    named = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", **special}
    if limit is not None:
        named["model_max_length"] = limit  # type: ignore[assignment]
    PreTrainedTokenizerFast(tokenizer_object=made, **named).save_pretrained(place)


def saved(kind: str, place: Path, *, sharded: bool = False, tokens: Mapping[str, Any] | None = None) -> Path:
    """A pretrained model of a family in a folder: with its language-model head, without a classifier."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

    settings = {**CONFIGS[kind], "vocab_size": 40}
    config = AutoConfig.for_model(kind, **settings)
    build: Any = AutoModelForCausalLM if kind in DECODERS else AutoModelForMaskedLM
    if kind in T5:
        build = AutoModelForSeq2SeqLM
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build.from_config(config)
    model.save_pretrained(place, **({"max_shard_size": "6KB"} if sharded else {}))
    tokenizer(place, **(tokens or {}))
    return place


def told(place: Path, **changes: Any) -> Path:
    """Change what the configuration of a folder says; None takes it away."""
    config = json.loads((place / "config.json").read_text()) | changes
    config = {name: value for name, value in config.items() if value is not None}
    (place / "config.json").write_text(json.dumps(config))
    return place
