"""Mixed linear layers: the mixture and its gradient, and their insertion and removal."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from ftbench.nn import mixed
from ftbench.nn.mixed import MixedLinear, mix_weights
from tests.nn.transformers_small import CONFIGS, inputs, small


def tensor(*values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def halves(layer: MixedLinear) -> tuple[Tensor, Tensor]:
    """Keeps every second column."""
    return torch.arange(layer.in_features) % 2, layer.start


def test_mixture_by_hand() -> None:
    weight, target = tensor([1.0, 2.0], [3.0, 4.0]), tensor([0.0, 1.0], [1.0, 0.0])
    found = mix_weights(weight, target, tensor(1, 0), 0.5)
    assert found.tolist() == [[2.0, 1.0], [5.0, 0.0]]  # (W - ½T)/½ in the first column, T in the second
    element = mix_weights(weight, target, torch.tensor([[True, False], [False, True]]), 0.2)
    torch.testing.assert_close(element, tensor([1 / 0.8, 1.0], [1.0, 4 / 0.8]))


@pytest.mark.parametrize("p", [0.1, 0.3, 0.8])
def test_mixture_is_the_weight_on_average(p: float) -> None:
    generator = torch.Generator().manual_seed(0)
    weight, target = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64)
    mean = torch.zeros_like(weight)
    for bits in itertools.product([0, 1], repeat=4):
        chance = (1 - p) ** sum(bits) * p ** (4 - sum(bits))
        mean += chance * mix_weights(weight, target, tensor(*bits), p)
    torch.testing.assert_close(mean, weight)


def test_p_0_is_the_weight_and_p_1_the_target_to_the_last_bit() -> None:
    weight, target = torch.randn(2, 50, 40, generator=torch.Generator().manual_seed(0)) * 1e3
    assert torch.equal(mix_weights(weight, target, torch.ones(40), 0.0), weight)
    assert torch.equal(mix_weights(weight, target, torch.zeros(40), 1.0), target)


@pytest.mark.parametrize(("exact", "factor"), [(True, 4.0), (False, 1.0)])
@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float64])
def test_gradient_has_the_factor_unless_it_is_left_out(
    exact: bool, factor: float, dtype: torch.dtype
) -> None:
    weight = tensor([1.0, 2.0], [3.0, 4.0]).requires_grad_()
    mixed_ = mix_weights(weight, torch.zeros_like(weight), tensor(0, 1).to(dtype), 0.75, exact_gradient=exact)
    (mixed_ * tensor([1.0, 2.0], [3.0, 5.0])).sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [[0.0, 2 * factor], [0.0, 5 * factor]]


def test_exact_gradient_is_the_derivative() -> None:
    weight = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    keep, target = tensor(1, 0, 1, 1), torch.flip(weight, [0])
    assert torch.autograd.gradcheck(lambda w: mix_weights(w, target, keep, 0.3), weight.requires_grad_())
    assert torch.autograd.gradgradcheck(lambda w: mix_weights(w, target, keep, 0.3) ** 2, weight)


def test_layers_keep_parameters_and_names() -> None:
    model = small("bert")
    before, keys = dict(model.named_parameters()), list(model.state_dict())
    linear = {n for n, m in model.named_modules() if type(m) is nn.Linear}
    assert mixed.insert(model, halves, p=0.5, exact_gradient=True) is model
    after = dict(model.named_parameters())
    assert list(after) == list(before) and all(after[n] is before[n] for n in before)
    assert list(model.state_dict()) == keys
    assert {layer.name for layer in mixed.layers(model)} == linear and len(linear) == 3 * 6 + 2


def test_removing_puts_the_layers_back() -> None:
    model = small("roberta")
    before = dict(model.named_modules())
    mixed.insert(model, halves, p=0.5, exact_gradient=True)
    model.eval()
    assert mixed.remove(model) is model
    after = dict(model.named_modules())
    assert list(after) == list(before) and all(after[n] is before[n] for n in before)
    assert not any(module.training for module in model.modules())


def test_a_model_that_is_one_linear_layer_is_replaced() -> None:
    layer = nn.Linear(3, 2)
    inserted = mixed.insert(layer, halves, p=0.5, exact_gradient=True)
    assert isinstance(inserted, MixedLinear) and inserted.weight is layer.weight
    assert dict(inserted.named_parameters()).keys() == {"weight", "bias"}
    assert mixed.remove(inserted) is layer


def test_a_layer_with_two_names_stays_one_layer() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    model.append(model[0])
    mixed.insert(model, halves, p=0.5, exact_gradient=True)
    assert isinstance(model[0], MixedLinear) and model[2] is model[0] and len(model) == 3


def test_other_kinds_of_linear_layers_stay() -> None:
    class Own(nn.Linear):
        pass

    model = nn.Sequential(Own(3, 3), nn.Linear(3, 2))
    mixed.insert(model, halves, p=0.5, exact_gradient=True)
    assert [type(m) for m in model] == [Own, MixedLinear]


def test_evaluation_computes_with_the_weight_and_training_with_the_mixture() -> None:
    plain = nn.Linear(4, 3).double()
    start = plain.weight.detach().clone()
    layer = MixedLinear(plain, "x", halves, p=0.5, exact_gradient=True)
    x = torch.eye(4, dtype=torch.float64)
    with torch.no_grad():
        plain.weight.mul_(3.0)
        wanted = torch.where(torch.arange(4) % 2 == 1, 5 * start, start)  # (3W₀ - ½W₀)/½ where kept
        torch.testing.assert_close(layer(x) - plain.bias, wanted.T)
        assert torch.equal(layer.eval()(x), plain(x))
        layer.restart()
        torch.testing.assert_close(layer.train()(x), plain(x))


def test_without_bias() -> None:
    layer = MixedLinear(nn.Linear(4, 3, bias=False), "x", halves, p=0.5, exact_gradient=True)
    assert layer(torch.ones(2, 4)).shape == (2, 3) and list(layer.state_dict()) == ["weight"]


def test_inserting_draws_nothing() -> None:
    model, state = small("bert"), torch.random.get_rng_state()
    mixed.insert(model, halves, p=0.5, exact_gradient=True)
    mixed.remove(model)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_linear_layer_of_an_architecture_is_mixed_in_training(kind: str) -> None:
    called: list[str] = []

    def mixture(layer: MixedLinear) -> tuple[Tensor, Tensor]:
        called.append(layer.name)
        return torch.zeros(layer.in_features), layer.start

    model = small(kind)
    mixed.insert(model, mixture, p=0.5, exact_gradient=True)
    logits = model(**inputs()).logits
    assert torch.isfinite(logits).all()
    assert set(called) == {layer.name for layer in mixed.layers(model)}
    assert (len(called) > len(set(called))) == (kind == "albert")
    called.clear()
    model.eval()(**inputs())
    assert not called
