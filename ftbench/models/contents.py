"""What a model on this machine is, by its configuration, its tokenizer and the names of its weights."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ftbench.domain.model import BIASES, ModelSpec
from ftbench.errors import ModelError
from ftbench.models import architecture, checkpoint
from ftbench.models import folder as folders


def inspect(name: str, hub_id: str, place: Path) -> ModelSpec:
    """The model in a folder, as far as can be told without loading it.

    Args:
        name: as its jobs carry it.
        hub_id: its name on the hub; "" for a folder of the user's.
        place: with its files.

    Raises:
        ModelError: it can never be trained as it is: it needs code of its own, an adapter stands beside it,
            its weights are not weights or lack layers or the word embedding, or its tokenizer or its
            padding has tokens beyond the embedding.
    """
    config = folders.config(place)
    folders.refuse_adapter(place)
    _refuse_own_code(place, config)
    if config.get("quantization_config"):
        raise ModelError(
            f"model folder {place} is quantised ({folders.CONFIG}: quantization_config): not trained"
        )
    names = checkpoint.shapes(folders.checkpoint_files(place))
    spec = configured(name, hub_id, config, folders.tokenizer_config(place))
    if spec.family in architecture.T5:
        names = {n: shape for n, shape in names.items() if "decoder" not in n.split(".")}
    _refuse_missing_layers(place, config, names)
    _refuse_missing_words(place, spec.family, names)
    _refuse_tokens_beyond(place, architecture.of_text(config))
    before = checkpoint.prefix(names, architecture.base(spec.family))
    head = checkpoint.outputs(names, before, linear=spec.family in architecture.T5)
    labels = architecture.class_names(config) if head else ()
    lacks = frozenset({BIASES} if checkpoint.without_biases(names) else ())
    return replace(spec, head=head, labels=labels, prefix=before, lacks=lacks)


def configured(
    name: str, hub_id: str, config: Mapping[str, Any], tokenizer: Mapping[str, Any] | None = None
) -> ModelSpec:
    """The model that a configuration speaks of; its weights are not looked at."""
    family, positions = str(config.get("model_type", "")), architecture.positions(config, tokenizer)
    layers = architecture.layer_count(config)
    return ModelSpec(
        name, hub_id, family, 0.0, layers=layers, positions=positions, head=None, config=dict(config)
    )


def _refuse_own_code(place: Path, config: Mapping[str, Any]) -> None:
    """Refuse an architecture that transformers knows from the model's own code alone."""
    own = config.get("auto_map")
    library = importlib.util.find_spec("transformers")
    if not own or library is None:
        return
    named = str(config.get("model_type", "")).replace("-", "_")
    if not any((Path(root) / "models" / named).is_dir() for root in library.submodule_search_locations or ()):
        raise ModelError(
            f"model folder {place} needs code of its own ({folders.CONFIG}: auto_map), which ftbench does not"
            " run; take a model whose architecture transformers has"
        )


def _refuse_missing_layers(place: Path, config: Mapping[str, Any], names: checkpoint.Shapes) -> None:
    found, wanted = checkpoint.numbered_layers(names), architecture.tallest(config)
    lacking = sorted(set(range(wanted)) - found)
    if found and lacking:
        raise ModelError(
            f"model folder {place}: {folders.CONFIG} says {wanted} layers, but the weights have"
            f" {len(found)} (no layer {lacking[0]}): it would be drawn at random"
        )


def _refuse_missing_words(place: Path, family: str, names: checkpoint.Shapes) -> None:
    ends = architecture.word_tables(family)
    if ends and not any(name.endswith(ends) for name in names):
        tied = " (lm_head.weight alone is there: save the model with save_pretrained once more)"
        raise ModelError(
            f"model folder {place}: its weights have no word embedding, {' or '.join(ends)}"
            f"{tied if 'lm_head.weight' in names else ''}"
        )


def _refuse_tokens_beyond(place: Path, config: Mapping[str, Any]) -> None:
    rows, most = config.get("vocab_size"), _largest_token(place)
    pad = config.get("pad_token_id")
    if isinstance(rows, int) and isinstance(pad, int) and pad >= rows:
        raise ModelError(
            f"model folder {place}: {folders.CONFIG} has pad_token_id {pad}, but the embedding ends at"
            f" {rows - 1}: set it to a token that the model has"
        )
    if isinstance(rows, int) and most >= rows:
        raise ModelError(
            f"model folder {place}: its tokenizer has token {most}, but the embedding ends at {rows - 1}:"
            " resize it (resize_token_embeddings), or take the model's own tokenizer"
        )


def _largest_token(place: Path) -> int:
    """The largest number of a token, as far as plain files tell; -1 where they do not."""
    numbers = [-1]
    try:
        whole = _read(place / "tokenizer.json")
        if isinstance(whole, Mapping):
            numbers += _numbers(whole["model"].get("vocab"))
            numbers += [int(token["id"]) for token in whole.get("added_tokens") or ()]
        else:
            numbers += _numbers(_read(place / "vocab.json"))
            if (place / "vocab.txt").is_file():
                numbers.append((place / "vocab.txt").read_bytes().rstrip(b"\n").count(b"\n"))
        numbers += _numbers(_read(place / "added_tokens.json"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return -1  # whether the tokenizer can be read is seen when it is
    return max(numbers)


def _read(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _numbers(vocabulary: object) -> list[int]:
    """The numbers of a vocabulary: a dictionary from tokens, or a list in their order."""
    if isinstance(vocabulary, Mapping):
        return [max((n for n in vocabulary.values() if isinstance(n, int)), default=-1)]
    return [len(vocabulary) - 1] if isinstance(vocabulary, list) else []
