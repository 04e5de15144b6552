"""SAM: the climb by hand, the way back to the bit, and the gradient from up there."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue
from ftbench.methods.sam import SAM, ascent
from ftbench.testing import trajectory
from ftbench.training import trainer
from tests.methods.mininet import DropNet, MiniNet, examples, run_of, seeded, whole


def sam(**given: Any) -> SAM:
    return SAM(SAM.resolve(given))


def test_the_climb_by_hand() -> None:
    weights = {"a": torch.tensor([2.0, -1.0]), "b": torch.tensor([[3.0]]), "c": torch.tensor([5.0])}
    gradients = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([[2.0]])}
    step = ascent(weights, gradients, 0.3)  # the norm over both is 3
    assert step.keys() == gradients.keys()
    torch.testing.assert_close(step["a"], torch.tensor([0.1, 0.2]))
    torch.testing.assert_close(step["b"], torch.tensor([[0.2]]))
    adaptive = ascent(weights, gradients, 0.3, adaptive=True)  # |w|g = (2, 2, 6), norm √44
    torch.testing.assert_close(adaptive["a"], torch.tensor([4.0, 2.0]) * 0.3 / math.sqrt(44))
    torch.testing.assert_close(adaptive["b"], torch.tensor([[18.0]]) * 0.3 / math.sqrt(44))
    still = ascent(weights, {"a": torch.zeros(2)}, 0.3)
    assert torch.equal(still["a"], torch.zeros(2))


def test_defaults_and_ranges() -> None:
    assert SAM.defaults() == {"rho": 0.05, "adaptive": False, "same_masks": True}
    with pytest.raises(BadValue):
        SAM.resolve({"rho": -0.1})


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_the_weights_step_with_the_gradient_from_the_top(adaptive: bool, parts: int) -> None:
    batches = examples(1, rows=7)
    model, m = seeded(MiniNet), sam(rho=0.5, adaptive=adaptive)
    run = run_of(m, model, batches, batch_size=7, accumulation=parts)
    batch = whole(batches)
    twin = seeded(MiniNet)
    params = dict(twin.named_parameters())
    loss = nn.functional.cross_entropy(twin(batch.inputs), batch.labels)
    found = dict(zip(params, torch.autograd.grad(loss, list(params.values())), strict=True))
    scaled = {n: g * params[n].detach().abs() if adaptive else g for n, g in found.items()}
    norm = math.sqrt(sum(float((g**2).sum()) for g in scaled.values()))
    with torch.no_grad():
        for n, p in params.items():
            p += 0.5 * scaled[n] * (p.abs() if adaptive else 1.0) / norm
    top = nn.functional.cross_entropy(twin(batch.inputs), batch.labels)
    assert top > loss
    wanted = dict(zip(params, torch.autograd.grad(top, list(params.values())), strict=True))
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    value = trainer.train_step(run, m, 0)
    assert value.item() == pytest.approx(loss.item(), abs=1e-14)
    for n, p in model.named_parameters():
        torch.testing.assert_close(before[n] - p.detach(), wanted[n], rtol=0, atol=1e-11)


def test_the_weights_are_restored_to_the_bit() -> None:
    model = seeded(MiniNet).float()
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    batches = [(x.astype("float32"), y) for x, y in examples(3)]
    trajectory(sam(rho=3.0), model, batches, 0.0, optimizer="sgd", clip=0.0)
    assert all(torch.equal(start[n], p) for n, p in model.named_parameters())


def test_the_gradient_that_is_clipped_is_the_second() -> None:
    model, batches = seeded(MiniNet), examples(1)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    m = sam(rho=0.5)
    run = run_of(m, model, batches, clip=0.01)
    trainer.train_step(run, m, 0)
    moved = math.sqrt(sum(float(((before[n] - p.detach()) ** 2).sum()) for n, p in model.named_parameters()))
    assert moved == pytest.approx(0.01, rel=1e-3)


def test_frozen_weights_do_not_climb() -> None:
    model = seeded(MiniNet)
    frozen = model.bert.embeddings.proj.weight.requires_grad_(False)
    start, seen = frozen.detach().clone(), []

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        seen.append(torch.equal(m.bert.embeddings.proj.weight, start))
        return m(x)

    trajectory(sam(rho=1.0), model, examples(2), 0.1, forward=call)
    assert seen == [True] * 4


@pytest.mark.parametrize("shared", [True, False])
def test_both_passes_have_one_mask_unless_told_otherwise(shared: bool) -> None:
    masks: list[Tensor] = []

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        masks.append(m.dropout(torch.ones(60)))
        return m(x)

    trajectory(sam(same_masks=shared), seeded(lambda: DropNet(0.5)), examples(2), 0.1, forward=call)
    assert torch.equal(masks[0], masks[1]) is shared and torch.equal(masks[2], masks[3]) is shared
    assert not torch.equal(masks[0], masks[2])


def test_rho_0_makes_one_pass_and_is_vanilla() -> None:
    passes: list[int] = []

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        passes.append(number)
        return m(x)

    found = [
        trajectory(m, seeded(lambda: DropNet(0.3)), examples(3), 1e-2, forward=call)
        for m in ("vanilla", sam(rho=0))
    ]
    assert passes == [0] * 6
    for a, b in zip(*found, strict=True):
        assert all(torch.equal(a[n], b[n]) for n in a)


def test_the_second_pass_is_not_rounded_where_the_first_is() -> None:
    """bf16 rounds weights by more than the climb moves them."""
    rounded: list[bool] = []

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        rounded.append(torch.is_autocast_enabled("cpu"))
        return m(x)

    batches = [(x.astype("float32"), y) for x, y in examples(1)]
    m = sam(rho=0.05)
    run = run_of(m, seeded(MiniNet).float(), batches, call=call, precision="bf16")
    trainer.train_step(run, m, 0)
    assert rounded == [True, False]
