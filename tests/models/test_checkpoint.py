"""Names and shapes of weights, and files that are something else."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch

from ftbench.errors import ModelError
from ftbench.models import checkpoint
from tests.places import WEIGHTS, safetensors

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 440473133\n"


def test_names_and_shapes_are_those_that_were_saved(tmp_path: Path) -> None:
    shapes = {"a.weight": (2, 3), "a.bias": (3,), "scale": ()}
    (tmp_path / "model.safetensors").write_bytes(safetensors(shapes))
    weights = {name: torch.zeros(shape) for name, shape in shapes.items()}
    torch.save(weights, tmp_path / "new.bin")
    torch.save(weights, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    torch.save({name: torch.nn.Parameter(value) for name, value in weights.items()}, tmp_path / "own.bin")
    for name in ("model.safetensors", "new.bin", "old.bin", "own.bin"):
        assert checkpoint.shapes([tmp_path / name]) == shapes, name


def test_parts_are_one_model_and_their_index_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1.safetensors").write_bytes(safetensors({"a": (1,)}))
    (tmp_path / "2.safetensors").write_bytes(safetensors({"b": (2,)}))
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    assert checkpoint.shapes(sorted(tmp_path.iterdir())) == {"a": (1,), "b": (2,)}


def test_reading_names_runs_nothing_of_the_file(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"a": torch.zeros(2), "bomb": Bomb()}, tmp_path / "x.bin")
    (tmp_path / "y.bin").write_bytes(pickle.dumps(Bomb()) * 4)
    for name in ("x.bin", "y.bin"):
        with pytest.raises(ModelError, match="holds more than tensors .*save the weights as safetensors"):
            checkpoint.shapes([tmp_path / name])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (POINTER, "is a Git LFS pointer, not weights: fetch them"),
        (b"", "is empty: copy or download it again"),
        (b"<!doctype html>" * 9, "is cut off or no"),
    ],
)
def test_what_is_no_weights_is_named_for_what_it_is(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=what) as error:
        checkpoint.shapes([tmp_path / name])
    assert name in str(error.value) and "weights_only" not in str(error.value)


def test_a_file_that_was_cut_off_is_named(tmp_path: Path) -> None:
    whole = safetensors(WEIGHTS)
    (tmp_path / "model.safetensors").write_bytes(whole[:-5])
    with pytest.raises(ModelError, match=f"cut off: it has {len(whole) - 5} of {len(whole)} bytes"):
        checkpoint.shapes([tmp_path / "model.safetensors"])
    torch.save({"a": torch.zeros(1000)}, tmp_path / "x.bin")
    (tmp_path / "x.bin").write_bytes((tmp_path / "x.bin").read_bytes()[:2000])
    with pytest.raises(ModelError, match="cut off"):
        checkpoint.shapes([tmp_path / "x.bin"])


@pytest.mark.parametrize(
    "name",
    [
        "base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.default.weight",
        "bert.encoder.layer.0.attention.self.query.base_layer.weight",
    ],
)
def test_weights_wrapped_by_lora_are_to_be_merged(tmp_path: Path, name: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(safetensors({**WEIGHTS, name: (2, 2)}))
    with pytest.raises(ModelError, match="wrapped by LoRA .*merge_and_unload"):
        checkpoint.shapes([tmp_path / "model.safetensors"])


def test_a_checkpoint_of_training_is_not_a_models_weights(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": {"a": torch.zeros(1)}}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="save its 'state_dict' alone"):
        checkpoint.shapes([tmp_path / "pytorch_model.bin"])


def _named(*names: str) -> dict[str, tuple[int, ...]]:
    return dict.fromkeys(names, (1,))


@pytest.mark.parametrize(
    ("names", "base", "before"),
    [
        (("bert.embeddings.w", "bert.encoder.w", "classifier.weight"), "bert", ""),
        (("bert.embeddings.w", "bert.encoder.w"), "bert", ""),
        (("embeddings.w", "encoder.w"), "bert", ""),
        (("module.bert.embeddings.w", "module.classifier.w"), "bert", "module."),
        (("module._orig_mod.embeddings.w", "module._orig_mod.encoder.w"), "bert", "module._orig_mod."),
        (("_orig_mod.module.bert.w", "_orig_mod.module.cls.w"), "bert", "_orig_mod.module."),
        (("model.bert.embeddings.w", "model.bert.encoder.w", "loss.w"), "bert", "model."),  # Lightning
        (("0.auto_model.embeddings.w", "0.auto_model.encoder.w"), "bert", "0.auto_model."),
        (("model.encoder.w", "model.decoder.w"), "model", ""),  # BART's own name
        (("model.model.encoder.w", "model.model.decoder.w"), "model", "model."),
        (("shared.w", "encoder.w", "decoder.w"), "transformer", ""),  # T5
        (("weight",), "bert", ""),
        (("bert.w",), "bert", ""),
    ],
)
def test_the_prefix_of_a_wrapper_is_found(names: tuple[str, ...], base: str, before: str) -> None:
    assert checkpoint.prefix(_named(*names), base) == before


def test_the_width_of_a_head_is_that_of_its_last_matrix() -> None:
    roberta = {"classifier.dense.weight": (16, 16), "classifier.out_proj.weight": (3, 16)}
    assert checkpoint.outputs(roberta, "") == 3
    assert checkpoint.outputs({"module.classifier.weight": (5, 16)}, "module.") == 5
    assert checkpoint.outputs({"classification_head.out_proj.weight": (2, 16)}, "") == 2
    assert checkpoint.outputs({"logits_proj.weight": (1, 16)}, "") == 1
    assert checkpoint.outputs({"cls.predictions.decoder.weight": (30522, 16)}, "") == 0


def test_the_layers_are_those_of_the_tallest_stack() -> None:
    canine = _named("first.layer.0.w", "encoder.layer.0.w", "encoder.layer.2.w", "last.layer.0.w")
    assert checkpoint.numbered_layers(canine) == {0, 2}
    assert checkpoint.numbered_layers(_named("encoder.block.0.layer.0.w", "encoder.block.1.layer.0.w")) == {
        0,
        1,
    }
    assert (
        checkpoint.numbered_layers(_named("encoder.albert_layer_groups.0.albert_layers.0.w")) == frozenset()
    )


def test_a_broken_header_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for header in ([], {"a": 1}, {"a": {"shape": ["x"], "data_offsets": [0, 4]}}, {"a": {"shape": [1]}}):
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text)
        with pytest.raises(ModelError, match="cut off or no safetensors file"):
            checkpoint.shapes([path])
    path.write_bytes(safetensors({}))
    with pytest.raises(ModelError, match="holds no tensors"):
        checkpoint.shapes([path])
