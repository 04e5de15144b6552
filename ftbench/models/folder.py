"""A model in a folder: what it must hold, and its digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftbench import content
from ftbench.errors import ModelError, ModelMissing

CONFIG = "config.json"
SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
ADAPTER = "adapter_config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
VOCABULARY = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
    "bpe_encoder.bin",
    # Of single architectures, as transformers names them.
    "sentencepiece.model",
    "spm_char.model",
    "source.spm",
    "vocab-src.json",
    "prophetnet.tokenizer",
    "byte_maps.json",
)
#: Every file that decides which tokens a text becomes.
TOKENIZER = (
    *VOCABULARY,
    "merges.txt",
    "bpe.codes",
    "dict.txt",
    "entity_vocab.json",
    "emoji.json",
    "normalizer.json",
    "target.spm",
    "target_vocab.json",
    "vocab-tgt.json",
    "word_shape.json",
    "word_pronunciation.json",
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
)
#: Vocabularies under names of their own: SentencePiece, BPE, tiktoken.
_VOCABULARY_ENDS = (".model", ".spm", ".codes", ".tiktoken")
#: Tokenizers of bytes and characters need no vocabulary.
_WITHOUT_VOCABULARY = ("ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer")


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
        raise ModelMissing(f"model folder {folder}: {error.strerror or error}") from None


def weight_files(folder: Path) -> dict[str, Path]:
    """The files that make the model, by name.

    Raises:
        ModelError: the configuration, the weights or a part of them, or the tokenizer are missing.
    """
    if not folder.is_dir():
        raise ModelMissing(f"model folder {folder} does not exist")
    if not (folder / CONFIG).is_file():
        raise _absent(folder, f"has no {CONFIG}")
    try:
        of_tokens = [path.name for path in folder.iterdir() if decides_tokens(path.name) and path.is_file()]
    except OSError as error:
        raise ModelMissing(f"model folder {folder}: {error.strerror or error}") from None
    names = [CONFIG, *_weights(folder), *sorted(of_tokens)]
    if not any(
        name in VOCABULARY or name.endswith(_VOCABULARY_ENDS) for name in names
    ) and not _needs_no_vocabulary(folder):
        raise ModelError(f"model folder {folder} has no tokenizer ({', '.join(VOCABULARY[:4])}, …)")
    return {name: folder / name for name in names}


def refuse_adapter(folder: Path) -> None:
    """Refuse an adapter beside a model: transformers would take the model that the adapter names instead.

    Raises:
        ModelError: there is one.
    """
    if (folder / ADAPTER).is_file():
        raise ModelError(
            f"model folder {folder} has an adapter ({ADAPTER}) beside its weights: merge it"
            " (peft: merge_and_unload), or take it away"
        )


def decides_tokens(name: str) -> bool:
    """Whether a file of this name is one of a tokenizer's."""
    return name in TOKENIZER or name.endswith(_VOCABULARY_ENDS)


def config(folder: Path) -> dict[str, Any]:
    """The configuration of a model.

    Raises:
        ModelError: missing, or not a JSON object.
    """
    try:
        return _json(folder / CONFIG)
    except OSError:
        raise ModelMissing(f"model folder {folder} has no {CONFIG}") from None


def tokenizer_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model's tokenizer; empty where it has none.

    Raises:
        ModelError: not a JSON object.
    """
    try:
        return _json(folder / TOKENIZER_CONFIG)
    except OSError:
        return {}


def checkpoint_files(folder: Path) -> list[Path]:
    """The files of a model's weights, an index of parts among them.

    Raises:
        ModelError: as ``files``.
    """
    return [folder / name for name in _weights(folder)]


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise ModelError(f"{path} is not JSON") from None
    if not isinstance(read, dict):
        raise ModelError(f"{path} is not a model's configuration")
    return read


def _needs_no_vocabulary(folder: Path) -> bool:
    return tokenizer_config(folder).get("tokenizer_class") in _WITHOUT_VOCABULARY


def _absent(folder: Path, lacks: str) -> ModelError:
    """What to say of a folder without a model: an adapter never becomes one, files may still come."""
    adapter = _adapter(folder)
    return (
        ModelError(f"model folder {folder} {adapter}")
        if adapter
        else ModelMissing(f"model folder {folder} {lacks}")
    )


def _adapter(folder: Path) -> str:
    """What to say of a folder that peft wrote; "" of any other."""
    if not (folder / ADAPTER).is_file():
        return ""
    return f"is an adapter ({ADAPTER}), not a model: merge it into its model (peft: merge_and_unload) first"


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
            raise ModelMissing(f"model folder {folder} has no {absent[0]}, a part of its weights")
        return [name, *parts]
    raise _absent(folder, f"has no weights ({SAFETENSORS[0]} or {PICKLED[0]})")
