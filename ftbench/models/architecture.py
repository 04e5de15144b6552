"""What a configuration says of a model: its layers, its positions, its classes, the name of its encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What architectures call their encoder, where that is not the name of the architecture.
_BASES = {
    "model": "bart mbart plbart mvp bigbird_pegasus modernbert eurobert opt llama mistral qwen2 gemma",
    "transformer": "xlnet xlm flaubert t5 mt5 umt5 squeezebert gpt2 gpt_neo openai-gpt bloom ctrl",
    "roberta": "xlm-roberta camembert xlm-roberta-xl xmod",
    "bert": "big_bird megatron-bert",
    "deberta": "deberta-v2",
}
_BASE_OF = {family: base for base, families in _BASES.items() for family in families.split()}
#: Positions count from behind that of the padding, as RoBERTa's do.
_BEHIND_PADDING = frozenset(
    "roberta xlm-roberta xlm-roberta-xl camembert roberta-prelayernorm data2vec-text longformer mpnet ibert"
    " luke xmod esm lilt layoutlmv3 markuplm".split()
)
#: Positions are distances, of which there are as many as are needed.
_RELATIVE = frozenset("t5 mt5 umt5 xlnet funnel".split())
_STACK = ("num_hidden_layers", "n_layer", "n_layers")
_UNSAID = 1_000_000  # tokenizers without a limit carry a number of thirty digits


def base(family: str) -> str:
    """What an architecture calls its encoder: the first part of its parameters' names."""
    return _BASE_OF.get(family, family.replace("-", "_"))


def layer_count(config: Mapping[str, Any]) -> int:
    """Transformer layers of a configuration, those of encoder and decoder together; 0 where not said.

    Layers that share their weights, as ALBERT's do, count once.
    """
    groups = config.get("num_hidden_groups")
    if isinstance(groups, int):
        return groups * int(config.get("inner_group_num") or 1)
    both = [config.get("encoder_layers"), config.get("decoder_layers")]
    counts = [n for n in both if n] or [_stack(config)]
    return sum(n for n in counts if isinstance(n, int))


def tallest(config: Mapping[str, Any]) -> int:
    """The layers of the tallest stack, by the numbers in their names; 0 where not said."""
    both = [config.get(k) for k in ("encoder_layers", "decoder_layers", "num_layers")] + [_stack(config)]
    return max((n for n in both if isinstance(n, int)), default=0)


def positions(config: Mapping[str, Any], tokenizer: Mapping[str, Any] | None = None) -> int:
    """The most tokens that a model reads; 0 where there is no such number.

    Args:
        config: of the model.
        tokenizer: of its tokenizer, whose own limit counts where it is less.
    """
    family = config.get("model_type")
    found = next((config[k] for k in ("max_position_embeddings", "n_positions") if config.get(k)), 0)
    if family in _RELATIVE or config.get("position_biased_input") is False or not isinstance(found, int):
        found = 0
    elif family in _BEHIND_PADDING and found:
        pad = config.get("pad_token_id")
        found -= (pad if isinstance(pad, int) else 1) + 1
    limit = (tokenizer or {}).get("model_max_length")
    if isinstance(limit, int | float) and 0 < limit < _UNSAID:
        return min(found or int(limit), int(limit))
    return max(found, 0)


def class_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a head's classes, in their order; () where they are not named."""
    named = config.get("id2label")
    if not isinstance(named, Mapping):
        return ()
    try:
        return tuple(str(named[key]) for key in sorted(named, key=int))
    except ValueError:
        return ()


def _stack(config: Mapping[str, Any]) -> Any:
    return next((config[k] for k in _STACK if config.get(k)), None)
