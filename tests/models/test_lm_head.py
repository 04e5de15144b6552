"""Whether a folder has the head that its model was pretrained with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftbench.models import packaged
from ftbench.models.lm_head import is_causal, lacks_lm_head
from tests.places import safetensors


def folder(place: Path, family: str, *names: str, **config: object) -> Path:
    place.mkdir()
    (place / "config.json").write_text(json.dumps({"model_type": family, **config}))
    (place / "model.safetensors").write_bytes(safetensors({name: (2, 2) for name in names}))
    return place


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("bert", "cls.predictions.transform.dense.weight"),
        ("roberta", "lm_head.dense.weight"),
        ("deberta-v2", "lm_predictions.lm_head.dense.weight"),
        ("distilbert", "module.vocab_transform.weight"),
        ("llama", "lm_head.weight"),
    ],
)
def test_a_head_is_known_by_a_weight(tmp_path: Path, family: str, name: str) -> None:
    assert lacks_lm_head(folder(tmp_path / "with", family, name)) == ""
    assert "no head for" in lacks_lm_head(folder(tmp_path / "without", family, "x.weight"))


def test_a_decoder_may_use_its_word_embeddings(tmp_path: Path) -> None:
    assert lacks_lm_head(folder(tmp_path / "gpt2", "gpt2", "wte.weight")) == ""
    assert lacks_lm_head(folder(tmp_path / "tied", "llama", "x", tie_word_embeddings=True)) == ""
    assert lacks_lm_head(folder(tmp_path / "own", "gpt2", "wte.weight", tie_word_embeddings=False))
    assert is_causal("gpt2") and not is_causal("bert")


def test_an_architecture_without_a_known_head_is_named(tmp_path: Path) -> None:
    assert lacks_lm_head(folder(tmp_path / "xlnet", "xlnet", "x")).endswith("of the architecture xlnet")


def test_the_embedded_model_has_none() -> None:
    assert lacks_lm_head(packaged("tiny")) == "its weights have no head for masked words"
