"""A model in a folder: what it must hold, and its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench import content
from ftbench.errors import ModelError

CONFIG = "config.json"
SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
VOCABULARY = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
    "bpe_encoder.bin",
)
TOKENIZER = (
    *VOCABULARY,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)


def digest(folder: Path) -> str:
    """The digest of a model's configuration, weights and tokenizer; other files of the folder do not matter.

    Raises:
        ModelError: as ``weight_files`` and ``config``, or a file cannot be read.
    """
    found = weight_files(folder)
    config(folder)
    try:
        return content.digest(found)
    except OSError as error:
        raise ModelError(f"model folder {folder}: {error.strerror or error}") from None


def weight_files(folder: Path) -> dict[str, Path]:
    """The files that make the model, by name.

    Raises:
        ModelError: the configuration, the weights or a part of them, or the tokenizer are missing.
    """
    if not folder.is_dir():
        raise ModelError(f"model folder {folder} does not exist")
    if not (folder / CONFIG).is_file():
        raise ModelError(f"model folder {folder} has no {CONFIG}")
    names = [CONFIG, *_weights(folder), *(name for name in TOKENIZER if (folder / name).is_file())]
    if not any(name in VOCABULARY for name in names):
        raise ModelError(f"model folder {folder} has no tokenizer ({', '.join(VOCABULARY[:4])}, …)")
    return {name: folder / name for name in names}


def config(folder: Path) -> dict[str, Any]:
    """The configuration of a model.

    Raises:
        ModelError: missing, or not a JSON object.
    """
    path = folder / CONFIG
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ModelError(f"model folder {folder} has no {CONFIG}") from None
    except ValueError:
        raise ModelError(f"{path} is not JSON") from None
    if not isinstance(read, dict):
        raise ModelError(f"{path} is not a model's configuration")
    return read


def layer_count(config: Mapping[str, Any]) -> int:
    """Transformer layers of a configuration, those of encoder and decoder together; 0 where not said.

    Layers that share their weights, as ALBERT's do, count once.
    """
    groups = config.get("num_hidden_groups")
    if isinstance(groups, int):
        return groups * int(config.get("inner_group_num") or 1)
    both = [config.get("encoder_layers"), config.get("decoder_layers")]
    counts = [n for n in both if n] or [config.get(k) for k in ("num_hidden_layers", "n_layer", "n_layers")]
    return sum(n for n in counts if isinstance(n, int))


def _weights(folder: Path) -> list[str]:
    """The weights as transformers would choose them: safetensors first, whole before in parts."""
    for name in (*SAFETENSORS, *PICKLED):
        path = folder / name
        if not path.is_file():
            continue
        if not name.endswith(".json"):
            return [name]
        try:
            parts = sorted(
                {str(part) for part in json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()}
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ModelError(f"{path} is not an index of weights") from None
        absent = [part for part in parts if not (folder / part).is_file()]
        if absent:
            raise ModelError(f"model folder {folder} has no {absent[0]}, a part of its weights")
        return [name, *parts]
    raise ModelError(f"model folder {folder} has no weights ({SAFETENSORS[0]} or {PICKLED[0]})")
