"""Whether a checkpoint has the head that it was pretrained with: seen by the names of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench.models import checkpoint
from ftbench.models import folder as folders

#: A weight that the head for masked words has in each architecture, as its authors' files name it.
_MASKED = {
    "albert": ("predictions.dense.weight",),
    "bert": ("cls.predictions.transform.dense.weight",),
    "camembert": ("lm_head.dense.weight",),
    "deberta": ("cls.predictions.transform.dense.weight",),
    "deberta-v2": ("cls.predictions.transform.dense.weight", "lm_predictions.lm_head.dense.weight"),
    "distilbert": ("vocab_transform.weight",),
    "modernbert": ("head.dense.weight",),
    "roberta": ("lm_head.dense.weight",),
    "xlm-roberta": ("lm_head.dense.weight",),
}
#: Architectures that predict the next word, and whether their head is the word embeddings unless they say.
_CAUSAL = {
    "gemma": True,
    "gemma2": True,
    "gpt2": True,
    "gpt_neo": True,
    "llama": False,
    "mistral": False,
    "opt": True,
    "phi": False,
    "qwen2": False,
    "qwen3": False,
}


def is_causal(family: str) -> bool:
    """Whether an architecture was pretrained to predict the next word."""
    return family in _CAUSAL


def lacks_lm_head(place: Path) -> str:
    """Why no language-model loss can be measured on a model, "" where it can.

    Args:
        place: its folder.

    Raises:
        ModelError: its weights cannot be read.
    """
    config: Mapping[str, Any] = folders.config(place)
    family = str(config.get("model_type", ""))
    names = checkpoint.shapes(folders.checkpoint_files(place))
    if family in _CAUSAL:
        tied = bool(config.get("tie_word_embeddings", _CAUSAL[family]))
        return "" if tied or _holds(names, "lm_head.weight") else "its weights have no head for the next word"
    if family not in _MASKED:
        return f"no head for words is known of the architecture {family or '?'}"
    if not any(_holds(names, name) for name in _MASKED[family]):
        return "its weights have no head for masked words"
    return ""


def _holds(names: Mapping[str, object], wanted: str) -> bool:
    return any(name == wanted or name.endswith("." + wanted) for name in names)
