"""One pass of a model: its precision, and what is done to activations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.run.calling import Caller
from ftbench.run.data import Batch
from tests.nn.transformers_small import small

BATCH = Batch(torch.full((2, 3), 0.1), torch.zeros(2), (0, 1), 2)
WORDS = Batch({"input_ids": torch.tensor([[3, 4, 5]])}, torch.zeros(1), (0,), 1)


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def test_logits_are_float32_whatever_a_pass_is_rounded_to() -> None:
    model = linear()
    exact, rounded = (Caller(p).logits(model, BATCH, 0, None, None) for p in ("fp32", "bf16"))
    assert exact.dtype == rounded.dtype == torch.float32
    assert torch.equal(exact, model(BATCH.inputs))
    assert not torch.equal(exact, rounded) and torch.equal(rounded, rounded.bfloat16().float())


def test_wider_logits_stay_as_they_are() -> None:
    double = Batch(BATCH.inputs.double(), BATCH.labels, BATCH.rows, 2)
    assert Caller("fp32").logits(linear().double(), double, 0, None, None).dtype == torch.float64


def test_full_precision_ends_with_its_block_also_after_an_error() -> None:
    caller, model = Caller("bf16"), linear()
    rounded = caller.logits(model, BATCH, 0, None, None)
    with pytest.raises(KeyError), caller.full_precision():
        with caller.full_precision():
            pass
        assert torch.equal(caller.logits(model, BATCH, 0, None, None), model(BATCH.inputs))
        raise KeyError
    assert torch.equal(caller.logits(model, BATCH, 0, None, None), rounded)


def test_a_function_of_ones_own_makes_the_pass_and_is_told_its_number() -> None:
    seen: list[tuple[Any, int]] = []

    def call(model: nn.Module, inputs: Any, number: int) -> Tensor:
        seen.append((inputs, number))
        return torch.ones(2, 2)

    caller = Caller("fp32", call)
    assert caller.recorded and not Caller("fp32").recorded
    assert torch.equal(caller.logits(linear(), BATCH, 3, None, None), torch.ones(2, 2))
    assert seen == [(BATCH.inputs, 3)]


def test_models_give_logits_or_an_object_that_has_them() -> None:
    class Named(nn.Module):
        def forward(self, **inputs: Tensor) -> Any:
            return SimpleNamespace(logits=inputs["input_ids"].double())

    assert Caller("fp32").logits(Named(), WORDS, 0, None, None).tolist() == [[3.0, 4.0, 5.0]]


def test_embeddings_and_layers_are_changed_for_one_pass() -> None:
    model, caller, numbers = small("bert").eval(), Caller("fp32"), []

    def double(states: Tensor, number: int) -> Tensor:
        numbers.append(number)
        return 2 * states

    plain = caller.logits(model, WORDS, 0, None, None)
    assert not torch.equal(caller.logits(model, WORDS, 0, lambda e: 2 * e, None), plain)
    assert not torch.equal(caller.logits(model, WORDS, 0, None, double), plain)
    assert numbers == [0, 1, 2]
    assert torch.equal(caller.logits(model, WORDS, 0, None, None), plain)
