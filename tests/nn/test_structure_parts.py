"""Which parameters stand below the layers, in each of them, above them, and in the head."""

from __future__ import annotations

import pytest
from torch import nn

from ftbench.nn import structure
from tests.methods.mininet import MiniNet
from tests.nn.transformers_small import CONFIGS, DECODERS, head_of, small

ABOVE = {
    "bert": ("bert.pooler.",),
    "albert": ("albert.pooler.",),
    "modernbert": ("model.final_norm.", "head."),
    **dict.fromkeys(DECODERS, ("model.norm.",)),
    "gpt2": ("transformer.ln_f.",),
    **dict.fromkeys(("t5", "umt5"), ("transformer.encoder.final_layer_norm.",)),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_parameter_is_in_one_part(kind: str) -> None:
    model = small(kind)
    found = structure.parts(model, head_of(kind, model))
    together = [found.below, *found.layers, found.above, found.head]
    names = sorted(n for n, _ in model.named_parameters())
    assert sorted(n for part in together for n in part) == names and found.below
    assert found.head == head_of(kind, model)
    assert frozenset().union(*found.layers) == structure.layer_parameter_names(model)
    assert len(found.layers) == len(structure.encoder_layers(model))


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_pooler_stands_above_the_layers_where_there_is_one(kind: str) -> None:
    model = small(kind)
    above = structure.parts(model, head_of(kind, model)).above
    assert above == {n for n, _ in model.named_parameters() if n.startswith(ABOVE.get(kind, ("-",)))}
    assert bool(above) == (kind in ABOVE)


def test_what_is_new_above_the_layers_is_the_head_and_no_pooler() -> None:
    model = small("deberta")
    assert structure.parts(model).above == head_of("deberta", model)
    assert structure.parts(model, head_of("deberta", model)).above == frozenset()


def test_the_decoder_stands_above_the_encoder() -> None:
    layers = structure.parts(small("bart")).layers
    stacks = ["encoder" if any(".encoder." in n for n in layer) else "decoder" for layer in layers]
    assert stacks == ["encoder"] * 3 + ["decoder"] * 3


def test_the_network_of_the_recordings() -> None:
    found = structure.parts(MiniNet(), {"classifier.weight", "classifier.bias"})
    assert found.below == {"bert.embeddings.proj.weight", "bert.embeddings.proj.bias"}
    assert found.above == {"bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    assert [len(layer) for layer in found.layers] == [4, 4] and len(found.head) == 2


def test_without_layers_all_but_the_head_is_below() -> None:
    found = structure.parts(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)), ["1.weight", "1.bias", "no"])
    assert found.below == {"0.weight", "0.bias"} and found.head == {"1.weight", "1.bias"}
    assert found.layers == () and found.above == frozenset()


@pytest.mark.parametrize("kind", CONFIGS)
def test_beside_the_body_stands_the_head(kind: str) -> None:
    model = small(kind)
    outside = structure.outside_body(model)
    assert outside >= head_of(kind, model)
    assert outside - head_of(kind, model) == {n for n in outside if kind == "modernbert" and "head." in n}


def test_beside_a_body_without_layers_stands_nothing() -> None:
    assert structure.outside_body(nn.Sequential(nn.Linear(2, 2))) == frozenset()
