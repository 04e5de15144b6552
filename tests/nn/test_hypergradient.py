"""The hypergradient: by hand, and against differences of the whole inner step."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from ftbench.nn import hypergradient as hyper
from ftbench.nn.mixup import attention_names, mix_linears
from ftbench.nn.optimizers import AdamWHF
from tests.methods.mininet import MiniNet, examples, seeded


def test_the_perturbation_has_the_norm_of_the_constant() -> None:
    vector = [torch.tensor([3.0]).double(), torch.tensor([[4.0]]).double()]
    assert hyper.step_size(vector, 0.01).item() == pytest.approx(0.002, rel=1e-11)


def test_the_difference_of_a_quadratic_is_exact_and_leaves_the_weights_below() -> None:
    # L = α·w², d/dα = w²: the mixed derivative 2w times v.
    weight, alpha = torch.tensor([1.5]).double(), torch.tensor([0.7], requires_grad=True).double()
    alpha.retain_grad()

    def gradient() -> dict[str, Tensor]:
        (found,) = torch.autograd.grad((alpha * weight**2).sum(), [alpha])
        return {"alpha": found}

    found = hyper.mixed_difference([weight], [torch.tensor([-2.0]).double()], 0.01, gradient)
    assert found["alpha"].item() == pytest.approx(2 * 1.5 * -2.0, rel=1e-9)
    assert weight.item() == pytest.approx(1.5 + 0.01)
    direct = torch.tensor([0.25]).double()
    assert hyper.hypergradient(direct, found["alpha"], 0.1).item() == pytest.approx(0.25 + 0.6)


def test_where_the_validation_loss_is_flat_nothing_is_perturbed() -> None:
    weight = torch.ones(2)
    found = hyper.mixed_difference([weight], [torch.zeros(2)], 0.01, lambda: {"a": torch.ones(1)})
    assert found["a"].item() == 0.0 and weight.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("constant", "tolerance"), [(0.01, 1e-4), (0.001, 1e-6)])
@pytest.mark.parametrize("formula", ["factored", "convex"])
@pytest.mark.parametrize("rank", [1, 2])
def test_it_agrees_with_brute_force_through_the_whole_step(
    formula: str, rank: int, constant: float, tolerance: float
) -> None:
    model = mix_linears(seeded(MiniNet), rank, formula)
    names = attention_names(model)
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name in names:
                p.copy_(0.2 + 0.6 * torch.rand(p.shape, generator=draw, dtype=p.dtype))
            else:
                p.add_(0.3 * torch.randn(p.shape, generator=draw, dtype=p.dtype))
    (x1, y1), (x2, y2) = [(torch.as_tensor(x), torch.as_tensor(y)) for x, y in examples(2)]
    rate = 0.1
    start = {n: p.detach().clone() for n, p in model.named_parameters()}

    def loss(values: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(functional_call(model, values, (x,)), y)

    def after(alphas: dict[str, Tensor]) -> Tensor:
        """L_val(W'(alpha), alpha), W' by one step of SGD."""
        w = {n: start[n].clone().requires_grad_() for n in start if n not in names}
        grads = torch.autograd.grad(loss({**w, **alphas}, x1, y1), list(w.values()))
        stepped = {n: (p - rate * g).detach() for (n, p), g in zip(w.items(), grads, strict=True)}
        return loss({**stepped, **alphas}, x2, y2)

    brute = {}
    for name in names:
        brute[name] = torch.zeros_like(start[name])
        for place in range(start[name].numel()):
            ends = []
            for sign in (1, -1):
                moved = {n: start[n].clone() for n in names}
                moved[name].view(-1)[place] += sign * 1e-5
                ends.append(after(moved).item())
            brute[name].view(-1)[place] = (ends[0] - ends[1]) / 2e-5

    weights = {n: p for n, p in model.named_parameters() if n not in names}
    alphas = {n: p for n, p in model.named_parameters() if n in names}
    grads = torch.autograd.grad(loss(dict(model.named_parameters()), x1, y1), list(weights.values()))
    with torch.no_grad():
        for p, g in zip(weights.values(), grads, strict=True):
            p.sub_(rate * g)
    everything = {**weights, **alphas}
    found = dict(
        zip(everything, torch.autograd.grad(loss(everything, x2, y2), list(everything.values())), strict=True)
    )
    hyper.put(weights.values(), [start[n] for n in weights])

    def gradient() -> dict[str, Tensor]:
        with_grad = torch.autograd.grad(loss(everything, x1, y1), list(alphas.values()))
        return dict(zip(alphas, with_grad, strict=True))

    difference = hyper.mixed_difference(
        list(weights.values()), [found[n] for n in weights], constant, gradient
    )
    for name in names:
        got = hyper.hypergradient(found[name], difference[name], rate)
        assert (got - brute[name]).norm() <= tolerance * brute[name].norm(), name
        assert (found[name] - brute[name]).norm() > 1e-3 * brute[name].norm()  # the step does matter


def test_adams_factor_by_hand() -> None:
    second = torch.tensor([0.04, 0.12]).double()
    wanted = (math.sqrt(0.9 * 0.08) + 1e-8) / math.sqrt(1 - 0.9**2)
    assert hyper.adam_factor(second, 0.9, 2).item() == pytest.approx(wanted)


@pytest.mark.parametrize("flavour", [AdamWHF, torch.optim.AdamW, torch.optim.SGD])
def test_each_tensor_is_divided_by_its_factor_where_the_optimizer_has_one(flavour: type) -> None:
    params = [nn.Parameter(torch.ones(2).double()), nn.Parameter(torch.ones(1).double())]
    optimizer = flavour(params, lr=0.1)
    for p in params:
        p.grad = torch.full_like(p, 2.0)
    optimizer.step()
    vector = dict(zip(params, [torch.tensor([1.0, 3.0]).double(), torch.ones(1).double()], strict=True))
    got = hyper.precondition(vector, optimizer)
    # v = 0.001·4 and t = 1: √(0.999·0.004)/√0.001 = √(0.999·4)
    factor = 1.0 if flavour is torch.optim.SGD else math.sqrt(0.999 * 4)
    assert got[0].tolist() == pytest.approx([1 / factor, 3 / factor], rel=1e-5)
    assert got[1].item() == pytest.approx(1 / factor, rel=1e-5)


def test_swapping_twice_changes_nothing() -> None:
    a, b = [nn.Parameter(torch.tensor([1.0, 2.0]))], [torch.tensor([3.0, 4.0])]
    hyper.swap(a, b)
    assert a[0].tolist() == [3.0, 4.0] and b[0].tolist() == [1.0, 2.0]
    hyper.swap(a, b)
    assert a[0].tolist() == [1.0, 2.0]


def test_gradients_are_left_out_inside_the_block_only() -> None:
    p = nn.Parameter(torch.ones(1))
    with pytest.raises(KeyError), hyper.without_gradient([p]):
        assert not p.requires_grad
        raise KeyError
    assert p.requires_grad
