"""Folders of models that are refused, and what is read of those that are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftbench import models
from ftbench.errors import ModelError
from ftbench.models import weights
from tests.places import WEIGHTS, safetensors

LAYER = "bert.encoder.layer.{}.output.dense.weight"


def folder(
    place: Path, config: dict[str, Any] | None = None, names: dict[str, tuple[int, ...]] | None = None
) -> Path:
    """A model of two layers whose weights nobody loads."""
    place.mkdir(exist_ok=True)
    told = {"model_type": "bert", "num_hidden_layers": 2, "max_position_embeddings": 64, **(config or {})}
    (place / "config.json").write_text(json.dumps(told))
    layers = {LAYER.format(number): (3, 3) for number in range(2)}
    (place / "model.safetensors").write_bytes(safetensors({**WEIGHTS, **layers} if names is None else names))
    (place / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n")
    return place


def test_a_folder_tells_its_positions_its_head_and_its_prefix(tmp_path: Path) -> None:
    spec, _ = models.resolve(str(folder(tmp_path / "m")))
    assert (spec.positions, spec.head, spec.labels, spec.prefix, spec.layers) == (64, 0, (), "", 2)
    names = {f"module.{name}": shape for name, shape in {**WEIGHTS, "classifier.weight": (3, 3)}.items()}
    names |= {f"module.{LAYER.format(number)}": (3, 3) for number in range(2)}
    told = {"id2label": {"0": "entailment", "1": "neutral", "2": "contradiction"}}
    spec, _ = models.resolve(str(folder(tmp_path / "m", told, names)))
    assert (spec.head, spec.labels) == (3, ("entailment", "neutral", "contradiction"))
    assert spec.prefix == "module."


def test_the_tokenizers_limit_counts_where_it_is_less(tmp_path: Path) -> None:
    place = folder(tmp_path / "m")
    (place / "tokenizer_config.json").write_text('{"model_max_length": 32}')
    assert models.resolve(str(place))[0].positions == 32


def test_more_layers_than_the_weights_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"says 4 layers, but the weights have 2 \(no layer 2\)"):
        models.resolve(str(folder(tmp_path / "m", {"num_hidden_layers": 4})))
    lost = {**WEIGHTS, LAYER.format(0): (3, 3), LAYER.format(2): (3, 3)}
    with pytest.raises(ModelError, match=r"says 3 layers, but the weights have 2 \(no layer 1\)"):
        models.resolve(str(folder(tmp_path / "m", {"num_hidden_layers": 3}, lost)))


def test_an_architecture_of_the_models_own_code_is_refused(tmp_path: Path) -> None:
    own = {"auto_map": {"AutoModel": "modeling_own.Own"}}
    assert models.resolve(str(folder(tmp_path / "m", own)))[0].family == "bert"  # the library has its own
    with pytest.raises(ModelError, match="needs code of its own .*auto_map"):
        models.resolve(str(folder(tmp_path / "m", {**own, "model_type": "own-bert"})))


def test_an_adapter_is_no_model(tmp_path: Path) -> None:
    place = folder(tmp_path / "m")
    (place / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="has an adapter .* beside its weights"):
        models.resolve(str(place))
    (place / "model.safetensors").rename(place / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="is an adapter .*merge_and_unload"):
        models.resolve(str(place))
    (place / "config.json").unlink()
    with pytest.raises(ModelError, match="is an adapter .*merge_and_unload"):
        models.resolve(str(place))


def test_a_part_of_the_weights_that_is_empty_is_named(tmp_path: Path) -> None:
    place = folder(tmp_path / "m")
    (place / "model.safetensors").rename(place / "model-1.safetensors")
    (place / "model-2.safetensors").write_bytes(b"")
    index = {"weight_map": {"x": "model-1.safetensors", "y": "model-2.safetensors"}}
    (place / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"model-2\.safetensors is empty"):
        models.resolve(str(place))


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [
        ("vocab.txt", "a\nb\nc\nd\ne\n", 4),
        ("added_tokens.json", '{"<new>": 9}', 9),
        ("tokenizer.json", '{"model": {"vocab": {"a": 0, "b": 5}}, "added_tokens": []}', 5),
        ("tokenizer.json", '{"model": {"vocab": [["a", 0.0]]}, "added_tokens": [{"id": 7}]}', 7),
    ],
)
def test_tokens_beyond_the_embedding_are_refused(tmp_path: Path, name: str, text: str, most: int) -> None:
    place = folder(tmp_path / "m", {"vocab_size": 4})
    assert models.resolve(str(place))
    (place / name).write_text(text)
    with pytest.raises(ModelError, match=f"has token {most}, but the embedding ends at 3"):
        models.resolve(str(place))


@pytest.mark.parametrize("kind", ["ByT5Tokenizer", "CanineTokenizer"])
def test_tokenizers_of_bytes_and_characters_need_no_vocabulary(tmp_path: Path, kind: str) -> None:
    place = folder(tmp_path / "m")
    (place / "vocab.txt").unlink()
    (place / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind}))
    assert models.resolve(str(place))
    (place / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    with pytest.raises(ModelError, match="has no tokenizer"):
        models.resolve(str(place))


@pytest.mark.parametrize(
    "name", ["bpe.codes", "entity_vocab.json", "dict.txt", "special_tokens_map.json", "my.spm", "my.model"]
)
def test_files_that_decide_the_tokens_are_in_the_digest_and_downloaded(tmp_path: Path, name: str) -> None:
    before = models.resolve(str(folder(tmp_path / "m")))[1].revision
    (tmp_path / "m" / name).write_text("{}")
    assert models.resolve(str(tmp_path / "m"))[1].revision != before
    assert name in weights.wanted_files(["config.json", name, "README.md"])


def test_every_file_that_the_library_reads_tokens_from_is_known() -> None:
    """Those of its classes of tokenizers, as the installed version names them."""
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    from ftbench.models.folder import TOKENIZER

    unknown = {}
    for family in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES:
        cls = getattr(transformers, TOKENIZER_MAPPING_NAMES.get(family) or "", None)
        try:
            files = getattr(cls, "vocab_files_names", {})
        except ImportError:  # a package of this tokenizer is not installed
            continue
        for file in files.values():
            if isinstance(file, str) and file not in TOKENIZER:
                unknown[file] = family
    assert not unknown
