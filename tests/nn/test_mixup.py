"""Mixed linear layers: the formulas, what stays as it was, and the norm that counts more than it clips."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from ftbench.nn.mixup import (
    FORMULAS,
    CountingOptimizer,
    MixupLinear,
    attention_names,
    mix,
    mix_linears,
    mixed_layers,
    unmix,
)
from tests.methods.mininet import MiniNet, seeded
from tests.nn.transformers_small import CONFIGS, inputs, small


def test_mixtures_by_hand() -> None:
    weight, start = torch.tensor([[2.0, 4.0]]), torch.tensor([[10.0, 20.0]])
    a1, a2 = torch.tensor([[0.5]]), torch.tensor([[0.5, 1.0]])
    # AB = [.25, .5]; (1-A)(1-B) = [.25, 0]
    assert mix(weight, start, a1, a2).tolist() == [[0.5 + 2.5, 2.0]]
    assert mix(weight, start, a1, a2, "convex").tolist() == [[0.5 + 7.5, 2.0 + 10.0]]


def test_above_rank_1_products_are_divided_by_the_rank_or_not() -> None:
    weight, start = torch.tensor([[8.0]]), torch.tensor([[100.0]])
    a1, a2 = torch.tensor([[0.5, 1.0]]), torch.tensor([[0.5], [0.5]])
    # AB = .25 + .5 = .75; (1-A)(1-B) = .25 + 0
    assert mix(weight, start, a1, a2).item() == 0.375 * 8 + 0.125 * 100
    assert mix(weight, start, a1, a2, constant=False).item() == 0.75 * 8 + 0.25 * 100
    assert mix(weight, start, a1, a2, "convex").item() == 0.375 * 8 + 0.625 * 100
    assert mix(weight, start, a1, a2, "convex", constant=False).item() == 0.75 * 8 + 0.25 * 100


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("rank", [1, 2, 3, 8])
def test_attention_1_is_the_weight_and_its_gradient_to_the_last_bit(formula: str, rank: int) -> None:
    draw = torch.Generator().manual_seed(0)
    weight = torch.randn(7, 5, generator=draw, requires_grad=True)
    start, upstream = torch.randn(7, 5, generator=draw), torch.randn(7, 5, generator=draw)
    mixed = mix(weight, start, torch.ones(7, rank), torch.ones(rank, 5), formula)
    mixed.backward(upstream)
    assert torch.equal(mixed, weight) and torch.equal(weight.grad, upstream)


def test_attention_is_projected_before_every_use_even_where_a_layer_is_used_twice() -> None:
    layer = MixupLinear(seeded(lambda: nn.Linear(3, 3)), 1)
    with torch.no_grad():
        layer.a1.copy_(torch.tensor([[1.5], [-0.5], [0.5]]))
    x = torch.ones(1, 3, dtype=torch.float64)
    layer(layer(x)).sum().backward()
    assert layer.a1.flatten().tolist() == [1.0, 0.0, 0.5]
    assert layer.a1.grad is not None and bool(layer.a1.grad.any())


def test_weight_and_bias_keep_their_names_and_stay_the_same_objects() -> None:
    model = seeded(MiniNet)
    before = dict(model.named_parameters())
    assert mix_linears(model, 2) is model
    after = dict(model.named_parameters())
    assert all(after[n] is p for n, p in before.items())
    assert after.keys() - before.keys() == attention_names(model)
    assert after["classifier.a1"].shape == (3, 2) and after["classifier.a2"].shape == (2, 6)
    assert len(mixed_layers(model)) == 5 and not any(n.endswith("w0") for n in model.state_dict())
    assert len(mixed_layers(mix_linears(model, 2))) == 5  # what is mixed is not mixed again


def test_a_shared_layer_stays_shared() -> None:
    one = nn.Linear(2, 2)
    model = nn.ModuleList([one, nn.Sequential(one)])
    mix_linears(model, 1)
    assert model[0] is model[1][0] and isinstance(model[0], MixupLinear)
    unmix(model)
    assert model[0] is model[1][0] and type(model[0]) is nn.Linear


def test_a_model_that_is_one_layer_is_replaced() -> None:
    mixed = mix_linears(nn.Linear(2, 2), 1)
    assert isinstance(mixed, MixupLinear) and attention_names(mixed) == {"a1", "a2"}
    assert type(unmix(mixed)) is nn.Linear


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_architecture_computes_with_the_mixture(kind: str) -> None:
    model = small(kind).eval()
    plain = copy.deepcopy(model)
    mix_linears(model, 1)
    with torch.no_grad():
        wanted = plain(**inputs()).logits
        assert torch.equal(model(**inputs()).logits, wanted)
        for layer in mixed_layers(model).values():
            layer.a1.fill_(0.5)
            layer.a2.fill_(0.5)
        mixed = model(**inputs()).logits
        assert not torch.allclose(mixed, wanted)
        model = unmix(model)
        assert torch.equal(model(**inputs()).logits, mixed)
    assert [n for n, _ in model.named_parameters()] == [n for n, _ in plain.named_parameters()]
    assert not model.training


def test_further_tensors_count_in_the_norm_and_are_not_moved() -> None:
    moved, counted = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.ones(1))
    optimizer = CountingOptimizer(torch.optim.SGD([moved], lr=1.0), lambda _: 1.0, 1.0, [counted])
    moved.grad, counted.grad = torch.tensor([3.0]), torch.tensor([4.0])
    assert optimizer.clip_gradients().item() == 5.0
    assert moved.grad.item() == pytest.approx(0.6, rel=1e-5)
    optimizer.step(0)
    assert moved.item() == pytest.approx(-0.6, rel=1e-5) and counted.item() == 1.0 and counted.grad is None
