"""What a configuration says of a model: its layers, its positions, its classes, the name of its encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What architectures call their encoder, where that is not the name of the architecture.
_BASES = {
    "model": "bart mbart plbart mvp bigbird_pegasus modernbert eurobert opt llama mistral qwen2 qwen3 gemma"
    " gemma2 gemma3_text phi phi3 stablelm olmo olmo2 starcoder2 smollm3",
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
#: Trained as an encoder alone, with a head of ftbench's own; what else their weights hold is left out.
T5 = frozenset("t5 mt5 umt5".split())
#: Positions are distances, of which there are as many as are needed.
_RELATIVE = T5 | frozenset("xlnet funnel".split())
#: The ends of names of word embeddings.
_WORDS = {
    ("wte.weight",): frozenset(("gpt2",)),
    ("embed_tokens.weight",): frozenset("llama mistral qwen2 qwen3 gemma gemma2 gemma3_text".split()),
    ("shared.weight", "embed_tokens.weight"): T5,
}
_STACK = ("num_hidden_layers", "n_layer", "n_layers")
_UNSAID = 1_000_000  # tokenizers without a limit carry a number of thirty digits


def base(family: str) -> str:
    """What an architecture calls its encoder: the first part of its parameters' names."""
    return _BASE_OF.get(family, family.replace("-", "_"))


def of_text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A configuration with what it says of its part that reads text, where it has parts (Gemma 3)."""
    text = config.get("text_config")
    return {**config, **text, "model_type": config.get("model_type")} if isinstance(text, Mapping) else config


def layer_count(config: Mapping[str, Any]) -> int:
    """Transformer layers of a configuration, those of encoder and decoder together; 0 where not said.

    Layers that share their weights, as ALBERT's do, count once; of T5 the encoder's count, which is trained.
    """
    config = of_text(config)
    groups = config.get("num_hidden_groups")
    if isinstance(groups, int):
        return groups * int(config.get("inner_group_num") or 1)
    if config.get("model_type") in T5:
        return int(config.get("num_layers") or 0)
    both = [config.get("encoder_layers"), config.get("decoder_layers")]
    counts = [n for n in both if n] or [_stack(config)]
    return sum(n for n in counts if isinstance(n, int))


def tallest(config: Mapping[str, Any]) -> int:
    """The layers of the tallest stack, by the numbers in their names; 0 where not said."""
    if config.get("model_type") in T5:
        return layer_count(config)
    config = of_text(config)
    both = [config.get(k) for k in ("encoder_layers", "decoder_layers", "num_layers")] + [_stack(config)]
    return max((n for n in both if isinstance(n, int)), default=0)


def positions(config: Mapping[str, Any], tokenizer: Mapping[str, Any] | None = None) -> int:
    """The most tokens that a model reads; 0 where there is no such number.

    Args:
        config: of the model.
        tokenizer: of its tokenizer, whose own limit counts where it is less.
    """
    config = of_text(config)
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


def word_tables(family: str) -> tuple[str, ...]:
    """How the names of a family's word embedding end, one of which its weights must have; () if not known."""
    return next((ends for ends, families in _WORDS.items() if family in families), ())


def _stack(config: Mapping[str, Any]) -> Any:
    return next((config[k] for k in _STACK if config.get(k)), None)
