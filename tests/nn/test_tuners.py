"""Putting tuners into models: which modules, which parameters train, and why one does not fit."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ftbench.nn import tuners
from ftbench.nn.tuners import TunedModel, TunerSettings
from tests.nn.transformers_small import head_of, inputs, small


def settings(name: str, **values: int | float | str | bool | None) -> TunerSettings:
    return TunerSettings(name, False, {"target_modules": None, **values}, frozenset({"target_modules"}))


def trained(model: nn.Module) -> set[str]:
    return {name for name, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("query+value", ["query", "value"]), ("query", ["query"]), ("0+2", [0, 2]), ("all-linear", "all-linear")]
    + [(None, None), (3, 3)],
)
def test_a_list_is_one_text(value: str | int | None, wanted: object) -> None:
    asked = TunerSettings("lora", False, {"target_modules": value}, {"target_modules"})
    assert asked.plain() == {"target_modules": wanted}


def test_targets_are_those_asked_for() -> None:
    model = small("bert")
    tuners.put_tuner(settings("lora", target_modules="key"), model, head_of("bert", model), 10)
    assert {name.split(".")[-4] for name in trained(model) if "lora_" in name} == {"key"}
    assert {"classifier.weight", "classifier.bias"} <= trained(model)


def test_where_peft_has_targets_they_are_taken() -> None:
    model = small("bert")
    tuners.put_tuner(settings("ia3"), model, head_of("bert", model), 10)
    adapted = {name.partition(".ia3_l.")[0] for name in trained(model) if ".ia3_l." in name}
    assert {name.rpartition(".")[2] for name in adapted} == {"key", "value", "dense"}
    assert len(adapted) == 4 * 3  # keys, values and both of a layer's output.dense


@pytest.mark.parametrize("kind", ["distilbert", "modernbert"])
def test_where_peft_has_no_targets_they_are_queries_and_values(kind: str) -> None:
    model = small(kind)
    tuners.put_tuner(settings("lora"), model, head_of(kind, model), 10)
    leaves = {name.split(".")[-4] for name in trained(model) if "lora_" in name}
    assert leaves == ({"q_lin", "v_lin"} if kind == "distilbert" else {"Wqkv"})


def test_a_tuner_has_the_dtype_of_its_model() -> None:
    model = small("bert").double()
    tuned = tuners.put_tuner(settings("ia3"), model, head_of("bert", model), 10)
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert tuned.model(**inputs()).logits.dtype == torch.float64


def test_the_penalty_of_adalora_is_how_far_its_factors_are_from_orthogonal() -> None:
    model = nn.Module()
    part = nn.Module()
    part.lora_A = nn.ParameterDict({"default": nn.Parameter(torch.tensor([[2.0, 0.0]]))})  # [4] - [1]
    part.lora_B = nn.ParameterDict({"default": nn.Parameter(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))})
    model.part = part

    class Config:
        orth_reg_weight = 0.5

    found = TunedModel(model, None, Config()).penalty()  # B'B = [[1, 1], [1, 1]], less the identity: norm √2
    assert found is not None and found.item() == pytest.approx(0.5 * (3 + math.sqrt(2)) / 2)


def test_other_tuners_have_no_penalty() -> None:
    model = small("bert")
    assert tuners.put_tuner(settings("lora"), model, head_of("bert", model), 10).penalty() is None


def test_the_shapes_of_the_model_decide() -> None:
    asked = TunerSettings("vblora", False, {"vector_length": 48}, frozenset())
    wide, narrow = (
        {"hidden_size": 96, "num_attention_heads": 2},
        {"hidden_size": 64, "num_attention_heads": 2},
    )
    assert tuners.misfit(asked, "bert", wide, 2) is None
    assert "must be divisible by `vector_length` 48" in str(tuners.misfit(asked, "bert", narrow, 2))


def test_a_layer_that_is_named_by_number_is_there() -> None:
    asked = TunerSettings("lora", False, {"layers_to_transform": "3"}, {"layers_to_transform"})
    shape = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 4}
    assert tuners.misfit(asked, "bert", shape, 2) is None
    assert tuners.misfit(asked, "bert", {**shape, "num_hidden_layers": 3}, 2)


@pytest.mark.parametrize("name", ["prompt_tuning", "p_tuning"])
@pytest.mark.parametrize("family", ["t5", "mt5", "umt5"])
def test_the_encoder_of_t5_is_tried_as_it_is_trained(name: str, family: str) -> None:
    """Transformers' own classifier, which has the decoder, takes no embeddings."""
    shape = {"d_model": 32, "d_kv": 8, "num_heads": 4, "d_ff": 64, "num_layers": 2, "num_decoder_layers": 2}
    asked = tuners.TunerSettings(name, True, {"num_virtual_tokens": 4}, frozenset())
    assert tuners.misfit(asked, family, shape, 2) is None
