"""Gradients of single examples from one pass: equal to those of a pass each, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftbench.nn import decoders, structure
from ftbench.nn.per_example import ExampleGradients
from tests.nn.transformers_small import CONFIGS, DECODERS, inputs, small

#: Layers that are shared, projections that are called for words and for positions, or that are no modules.
#: Shared layers, raw projections, and normalisations that are no LayerNorm.
REFUSED = {"albert", "deberta", "deberta-v2", "xlnet", "t5", "umt5"} | set(DECODERS) - {"gpt2"}
LABELS = torch.tensor([0, 1, 0])


def one_by_one(model: nn.Module, parameters: dict[str, Any], losses: Any, rows: int) -> Iterator[Any]:
    """The gradients of every example by name, of a pass each."""
    for row in range(rows):
        made = torch.autograd.grad(losses(row), list(parameters.values()), allow_unused=True)
        yield {n: g for n, g in zip(parameters, made, strict=True) if g is not None}


def assert_equal(found: Iterator[tuple[str, Tensor]] | None, expected: Iterator[dict[str, Tensor]]) -> None:
    assert found is not None
    by_name: dict[str, list[Tensor]] = {}
    for name, gradient in found:
        by_name.setdefault(name, []).append(gradient.clone())
    wanted = list(expected)
    assert by_name.keys() == wanted[0].keys()
    for name, gradients in by_name.items():
        torch.testing.assert_close(
            torch.stack(gradients), torch.stack([w[name] for w in wanted]), rtol=1e-10, atol=1e-12
        )


@pytest.mark.parametrize("kind", CONFIGS)
def test_gradients_of_layers_are_those_of_single_rows_or_refused(kind: str) -> None:
    model = small(kind).double().eval()
    decoders.as_linear(model)
    names = structure.layer_parameter_names(model)
    parameters = {n: p for n, p in model.named_parameters() if n in names}
    given = inputs()
    lengths = [7, 5, 4]
    for row, length in enumerate(lengths):
        given["input_ids"][row, length - 1] = 2
        given["input_ids"][row, length:] = model.config.pad_token_id or 0
        given["attention_mask"][row, length:] = 0

    def alone(row: int) -> Tensor:
        cut = {k: v[row : row + 1, : lengths[row]] for k, v in given.items()}
        return F.cross_entropy(model(**cut).logits, LABELS[row : row + 1])

    def together() -> Tensor:
        return F.cross_entropy(model(**given).logits, LABELS, reduction="sum")

    found = ExampleGradients(model, parameters).of(together, 3)
    if kind in REFUSED:
        assert found is None
    else:
        assert_equal(found, one_by_one(model, parameters, alone, 3))
    assert all(p.grad is None for p in model.parameters())


class Net(nn.Module):
    """Linear layers over tokens, and whatever is done between them; the mean over tokens is the output."""

    def __init__(self, between: Callable[[Net, Tensor], Tensor] | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 6)
        self.norm, self.batch = nn.LayerNorm(6), nn.BatchNorm1d(6, track_running_stats=False)
        self.last = nn.Linear(6, 2)
        self.between = between or (lambda net, h: net.norm(torch.tanh(net.second(h))))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self, torch.tanh(self.first(x))).mean(1))


def made(net: nn.Module, *names: str, rows: int = 3, tokens: int = 5) -> Any:
    """What is found of these parameters of a net, all of the linear layers by default."""
    wanted = names or ("first", "second", "last")
    parameters = {n: p for n, p in net.named_parameters() if n.startswith(wanted)}
    x = torch.randn(rows, tokens, 4, generator=torch.Generator().manual_seed(1))
    return ExampleGradients(net, parameters).of(lambda: net(x).square().sum(), rows)


def plain() -> Net:
    net = Net()
    del net.batch
    return net


def test_a_net_of_linear_layers_is_served() -> None:
    net = plain().double()
    parameters = dict(net.named_parameters())
    x = torch.randn(3, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = ExampleGradients(net, parameters).of(lambda: net(x).square().sum(), 3)
    assert_equal(found, one_by_one(net, parameters, lambda row: net(x[row : row + 1]).square().sum(), 3))


def test_the_known_parameters_alone_are_named() -> None:
    net = plain()
    assert {name for name, _ in made(net, "second.bias", "norm.weight")} == {"second.bias", "norm.weight"}


class Loud(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


def shared() -> Net:
    net = plain()
    net.third = nn.Linear(6, 6)
    net.third.weight = net.second.weight
    return net


def unlike() -> Net:
    net = plain()
    net.second = Loud(6, 6)
    return net


def doing(between: Callable[[Net, Tensor], Tensor]) -> Net:
    net = Net(between)
    del net.batch
    return net


CANNOT = {
    "a parameter of two modules": shared,
    "another module than is known": unlike,
    "a batch normalisation": Net,
    "a layer called twice": lambda: doing(lambda net, h: net.second(net.second(h))),
    "a layer not called": lambda: doing(lambda net, h: h @ net.second.weight),
    "an output overwritten": lambda: doing(lambda net, h: net.second(h).relu_()),
    "tokens first": lambda: doing(lambda net, h: net.second(h.transpose(0, 1)).transpose(0, 1)),
    "rows and tokens in one": lambda: doing(lambda net, h: net.second(h.reshape(-1, 6)).reshape(h.shape)),
}


@pytest.mark.parametrize("why", CANNOT)
def test_what_cannot_be_told_apart_is_refused(why: str) -> None:
    assert made(CANNOT[why]()) is None
    assert made(plain()) is not None


def test_as_many_rows_as_tokens_are_refused_until_another_pass_showed_which_is_which() -> None:
    assert made(plain(), rows=4, tokens=4) is None
    net = plain()
    examples = ExampleGradients(net, dict(net.first.named_parameters(prefix="first")))
    square, other = torch.randn(4, 4, 4), torch.randn(3, 4, 4)
    assert examples.of(lambda: net(square).sum(), 4) is None
    assert examples.of(lambda: net(other).sum(), 3) is not None
    assert examples.of(lambda: net(square).sum(), 4) is not None
