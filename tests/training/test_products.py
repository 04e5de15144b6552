"""Products of oneDNN: torch's to rounding, wherever a model may ask for one; torch's own again afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear

from ftbench.training import products


@pytest.fixture(autouse=True)
def _torch_again() -> Iterator[None]:
    yield
    products.use_torch()


def matrices(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator).to(dtype) for shape in shapes]


def test_values_and_gradients_are_torchs_to_rounding() -> None:
    rows, weight, bias = (t.requires_grad_() for t in matrices((50, 384), (96, 384), (96,)))
    expected = linear(rows.double(), weight.double(), bias.double())
    gradients = torch.autograd.grad(expected.square().sum(), (rows, weight, bias))
    with products.onednn():
        found = linear(rows, weight, bias)
        theirs = torch.autograd.grad(found.square().sum(), (rows, weight, bias))
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-4)
    for mine, exact in zip(theirs, gradients, strict=True):
        torch.testing.assert_close(mine, exact, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize(
    "name", ["whole", "transposed", "a slice of columns", "every third row", "a row", "none"]
)
def test_every_layout_is_served(name: str) -> None:
    (big,) = matrices((60, 40))
    left = {
        "whole": big,
        "transposed": matrices((40, 60))[0].t(),
        "a slice of columns": matrices((60, 100))[0][:, 10:50],
        "every third row": matrices((180, 40))[0][::3],
        "a row": big[:1],
        "none": big[:0],
    }[name]
    (right,) = matrices((40, 30))
    for other in (right, right.t().contiguous().t(), matrices((40, 90))[0][:, ::3]):
        with products.onednn():
            found = left @ other
        torch.testing.assert_close(found.double(), left.double() @ other.double(), rtol=1e-5, atol=1e-5)


def test_the_reading_of_a_first_token_is_not_copied_into_the_result() -> None:
    (hidden,) = matrices((8, 5, 16))
    weight = matrices((4, 16))[0].requires_grad_()
    with products.onednn():
        linear(hidden[:, 0], weight).sum().backward()
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, hidden[:, 0].sum(0).expand(4, 16))


def test_what_it_does_not_serve_goes_to_torch() -> None:
    left, right, added = matrices((3, 4), (4, 5), (3, 5))
    with products.onednn():
        wide = left.double() @ right.double()
        scaled = torch.addmm(added, left, right, beta=0.5, alpha=2.0)
        nothing, zeros = left[:0] @ right, left[:, :0] @ right[:0]
        negative = torch._neg_view(left) @ right
        sparse = left.to_sparse() @ right
        doubled = torch.addmm(added[0], left, right, alpha=2.0)
        with torch.autocast("cpu", torch.bfloat16):
            assert (left @ right).dtype is torch.bfloat16
        with pytest.raises(RuntimeError, match="cannot be multiplied"):
            left @ left
        with pytest.raises(RuntimeError, match="same dtype"):
            left @ right.double()
    assert torch.equal(wide, left.double() @ right.double())
    torch.testing.assert_close(scaled, 0.5 * added + 2 * left @ right)
    assert nothing.shape == (0, 5) and torch.equal(zeros, torch.zeros(3, 5))
    torch.testing.assert_close(negative, -(left @ right))
    torch.testing.assert_close(sparse, left @ right)
    torch.testing.assert_close(doubled, added[0] + 2 * left @ right)


def test_gradients_of_gradients_are_there() -> None:
    rows, weight = (t.requires_grad_() for t in matrices((6, 8), (3, 8)))
    with products.onednn():
        (first,) = torch.autograd.grad(linear(rows, weight).square().sum(), rows, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), weight)
    exact = weight.detach().double().requires_grad_()
    (again,) = torch.autograd.grad(linear(rows.double(), exact).square().sum(), rows, create_graph=True)
    torch.testing.assert_close(
        second.double(), torch.autograd.grad(again.sum(), exact)[0], rtol=1e-4, atol=1e-4
    )


def test_the_choice_follows_from_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    for vendor, expected in (("AuthenticAMD", "onednn"), ("GenuineIntel", "torch")):
        monkeypatch.setattr(products, "_vendor", lambda vendor=vendor: vendor)
        products.choose()
        assert products.products_name() == expected
        products.use_torch()
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr(products, "_vendor", lambda: "AuthenticAMD")
    products.choose()
    assert products.products_name() == "torch"


def test_torchs_own_come_back() -> None:
    left, right = matrices((70, 384), (384, 50))
    own = left @ right
    with products.onednn():
        assert products.products_name() == "onednn"
    assert products.products_name() == "torch"
    assert torch.equal(left @ right, own)
