"""The digest of a state of training."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from ftbench.training.contents import digest_of

STATES: list[Any] = [
    {"a": 1},
    {"a": 1.0},
    {"a": "1"},
    {"a": True},
    {"a": None},
    {"b": 1},
    {"a": [1]},
    {"a": (1,)},
    {"a": {"b": 1}},
    {"a": [], "b": 1},
    {"a": torch.tensor(1)},
    {"a": torch.tensor([1])},
    {"a": torch.tensor([[1]])},
    {"a": torch.tensor([1.0])},
    {"a": torch.tensor([1.0], dtype=torch.bfloat16)},
    {"a": torch.tensor([1.0], dtype=torch.float64)},
    {"a": torch.tensor([-0.0])},
    {"a": torch.tensor([0.0])},
    {"a": torch.zeros(0)},
    {"a": torch.zeros(0, 2)},
    {"a": torch.tensor([True])},
    {"a": torch.tensor([1 + 1j])},
    {"a": {1, 2}},
]


def test_states_that_differ_have_digests_that_differ() -> None:
    assert len({digest_of(state) for state in STATES}) == len(STATES)


@pytest.mark.parametrize("state", STATES)
def test_a_digest_is_the_same_after_writing_and_reading(state: Any, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "file")
    assert digest_of(torch.load(tmp_path / "file", weights_only=True)) == digest_of(state)


def test_how_a_tensor_lies_in_memory_does_not_count() -> None:
    square = torch.arange(6.0).reshape(2, 3)
    assert digest_of(square.T) == digest_of(square.T.contiguous()) != digest_of(square)
    assert digest_of(square.requires_grad_()) == digest_of(square.detach())
    assert digest_of(OrderedDict(a=1)) == digest_of({"a": 1})
