"""Small transformers of every architecture in the registry, with random weights; nothing is downloaded."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_BERT: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 20,
    "vocab_size": 30,
    "max_position_embeddings": 64,
}
_DEBERTA = {**_BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "pooler_hidden_size": 16}
_TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_DECODER: dict[str, Any] = {**_BERT, **_TOKENS, "num_key_value_heads": 1}
_T5 = {"d_model": 16, "d_kv": 8, "d_ff": 20, "num_layers": 3, "num_decoder_layers": 1, "num_heads": 2} | {
    "vocab_size": 30,
    "pad_token_id": 0,
    "eos_token_id": 2,
    "decoder_start_token_id": 0,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": _BERT,
    "roberta": _BERT,
    "electra": {**_BERT, "embedding_size": 8},
    "deberta": _DEBERTA,
    "deberta-v2": _DEBERTA,
    "albert": {**_BERT, "embedding_size": 8},
    "distilbert": {
        "dim": 16,
        "n_layers": 3,
        "n_heads": 2,
        "hidden_dim": 20,
        "vocab_size": 30,
        "max_position_embeddings": 64,
    },
    "bart": {
        "d_model": 16,
        "encoder_layers": 3,
        "decoder_layers": 3,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 20,
        "decoder_ffn_dim": 20,
        "vocab_size": 30,
        "max_position_embeddings": 64,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    },
    "xlnet": {"d_model": 16, "n_layer": 3, "n_head": 2, "d_inner": 20, "vocab_size": 30},
    "modernbert": {
        **_BERT,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "cls_token_id": 1,
        "sep_token_id": 2,
    },
    "gpt2": {"n_embd": 16, "n_layer": 3, "n_head": 2, "vocab_size": 30, "n_positions": 64, **_TOKENS},
    "llama": _DECODER,
    "mistral": _DECODER,
    "qwen2": _DECODER,
    "qwen3": {**_DECODER, "head_dim": 8},
    "gemma": {**_DECODER, "head_dim": 8},
    "gemma2": {**_DECODER, "head_dim": 8},
    "gemma3_text": {**_DECODER, "head_dim": 8},
    "t5": _T5,
    "umt5": _T5,
}
T5 = ("t5", "umt5")
DECODERS = ("gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text")
#: What the checkpoints do not have, by the beginning of the names.
HEAD = {
    "bert": ("classifier.",),
    "roberta": ("classifier.",),
    "electra": ("classifier.",),
    "deberta": ("pooler.", "classifier."),
    "deberta-v2": ("pooler.", "classifier."),
    "albert": ("classifier.",),
    "distilbert": ("pre_classifier.", "classifier."),
    "bart": ("classification_head.",),
    "xlnet": ("sequence_summary.", "logits_proj."),
    "modernbert": ("classifier.",),
    **dict.fromkeys(DECODERS, ("score.",)),
    **dict.fromkeys(("t5", "umt5"), ("classifier.",)),
}


def small(kind: str, outputs: int = 2, *, tokens: bool = False, **settings: Any) -> nn.Module:
    """A classifier of an architecture, of texts or of tokens, in training mode; the same at every call."""
    from transformers import AutoConfig

    from ftbench.training.backbones import model_class

    config = AutoConfig.for_model(kind, **{"num_labels": outputs, **CONFIGS[kind], **settings})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        build = model_class(kind, tokens=tokens)
        model: nn.Module = getattr(build, "from_config", build)(config)
    return model.train()


def loaded(kind: str, outputs: int = 2, **settings: Any) -> nn.Module:
    """As ``small``, with what loading makes of it: linear layers of GPT-2's ``Conv1D``."""
    from ftbench.nn import decoders

    model = small(kind, outputs, **settings)
    decoders.as_linear(model)
    return model


def inputs(rows: int = 3, width: int = 7) -> dict[str, torch.Tensor]:
    """Some token ids without pads; each row ends with BART's end of sequence."""
    ids = torch.randint(3, 30, (rows, width), generator=torch.Generator().manual_seed(1))
    ids[:, -1] = 2
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def head_of(kind: str, model: nn.Module) -> frozenset[str]:
    return frozenset(n for n, _ in model.named_parameters() if n.startswith(HEAD[kind]))
