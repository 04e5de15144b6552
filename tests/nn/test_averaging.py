"""Averages of states."""

from __future__ import annotations

import pytest
import torch

from ftbench.nn.averaging import StateAverage


def test_floats_are_averaged_and_the_rest_is_the_firsts() -> None:
    average = StateAverage()
    first = {"w": torch.tensor([1.0, 2.0]), "ids": torch.tensor([1, 2])}
    average.add(first)
    first["w"].zero_()  # what is held is a copy
    average.add({"w": torch.tensor([3.0, 5.0]), "ids": torch.tensor([7, 7])})
    assert average.mean()["w"].tolist() == [2.0, 3.5] and average.mean()["ids"].tolist() == [1, 2]
    more = {"w": torch.tensor([5.0, 2.0]), "ids": torch.tensor([0, 0])}
    assert average.mean(more)["w"].tolist() == [3.0, 3.0]
    assert average.mean()["w"].tolist() == [2.0, 3.5] and average.count == 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_mean_of_one_is_that_one(dtype: torch.dtype) -> None:
    state = {"w": torch.randn(50, generator=torch.Generator().manual_seed(0)).to(dtype)}
    average = StateAverage()
    average.add(state)
    assert torch.equal(average.mean()["w"], state["w"]) and average.mean()["w"].dtype == dtype


def test_half_precision_is_summed_in_single() -> None:
    average = StateAverage()
    for _ in range(1000):
        average.add({"w": torch.ones(1, dtype=torch.bfloat16)})
    assert average.mean()["w"].item() == 1.0


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no state"):
        StateAverage().mean()
