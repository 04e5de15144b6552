"""The gradient of a validation loss through one inner step, by finite differences (DARTS)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_GUARD = 1e-12


@torch.no_grad()
def step_size(vector: Sequence[Tensor], constant: float) -> Tensor:
    """ε = constant / (‖v‖ + 1e-12), the norm taken over all tensors together (Liu et al. 2019, Eq. 8).

    Args:
        vector: v, any shapes.
        constant: 0.01 in DARTS; the perturbation's norm.

    Returns:
        Shape ().
    """
    return constant / (nn.utils.get_total_norm(list(vector)) + _GUARD)


@torch.no_grad()
def mixed_difference(
    weights: Sequence[Tensor],
    vector: Sequence[Tensor],
    constant: float,
    gradient: Callable[[], Mapping[str, Tensor]],
) -> dict[str, Tensor]:
    """[∇_α L(W+εv) − ∇_α L(W−εv)] / 2ε ≈ (∂²L/∂α∂W)·v.

    Args:
        weights: W; left at W − εv, so that the caller decides what they are brought back to.
        vector: v, same shapes; used up (it is scaled in place).
        constant: see ``step_size``.
        gradient: ∇_α of the training loss at the weights as they are, by name.

    Returns:
        By name, as ``gradient`` gives them.
    """
    epsilon = step_size(vector, constant)
    weights, vector = list(weights), list(vector)
    torch._foreach_mul_(vector, epsilon)
    torch._foreach_add_(weights, vector)
    with torch.enable_grad():
        above = gradient()
    torch._foreach_add_(weights, vector, alpha=-2.0)
    with torch.enable_grad():
        below = gradient()
    return {name: (above[name] - below[name]) / (2 * epsilon) for name in above}


def hypergradient(direct: Tensor, difference: Tensor, rate: float | Tensor) -> Tensor:
    """∇_α L_val(W − η∇_W L_tr(W, α), α) = ∇_α L_val(W', α) − η·(∂²L_tr/∂α∂W)·∇_{W'} L_val.

    Somayajula et al. 2024, Eq. 6; Liu et al. 2019, Eq. 7.

    Args:
        direct: ∇_α L_val at the stepped weights W'.
        difference: the mixed derivative of L_tr at W times ∇_{W'} L_val, same shape.
        rate: η, the inner learning rate.

    Returns:
        Same shape.
    """
    return direct - rate * difference


def adam_factor(second_moment: Tensor, beta2: float, step: float) -> Tensor:
    """The one number by which Adam divides a whole tensor: (√mean(β2·v) + 1e-8) / √(1−β2^t).

    betty-ml 0.2.0 divides ∇_{W'} L_val by it ("preconditioned" DARTS).

    Args:
        second_moment: Adam's v, any shape.
        beta2: its decay.
        step: t, from 1.

    Returns:
        Shape ().
    """
    return ((beta2 * second_moment).mean().sqrt() + 1e-8) / math.sqrt(1 - beta2**step)


@torch.no_grad()
def precondition(vector: Mapping[nn.Parameter, Tensor], optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Divide each tensor by its Adam factor, in place; where the optimiser has no second moment, it stays.

    Args:
        vector: v by parameter.
        optimizer: of the inner problem; it has made a step.

    Returns:
        The tensors of ``vector``, in its order.
    """
    betas = {
        p: group["betas"] for group in optimizer.param_groups if "betas" in group for p in group["params"]
    }
    for parameter, value in vector.items():
        state = optimizer.state.get(parameter, {})
        if "exp_avg_sq" in state:
            value.div_(adam_factor(state["exp_avg_sq"], betas[parameter][1], float(state["step"])))
    return list(vector.values())


@contextmanager
def without_gradient(parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Compute no gradient of these, which have one otherwise, inside the block."""
    chosen = list(parameters)
    for parameter in chosen:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in chosen:
            parameter.requires_grad_(True)


def copies(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Detached copies."""
    return [t.detach().clone() for t in tensors]


@torch.no_grad()
def put(tensors: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    """Give tensors the values of others, in place."""
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)


@torch.no_grad()
def swap(tensors: Iterable[Tensor], others: Iterable[Tensor]) -> None:
    """Exchange the values of tensors in place, with room for one of them at a time."""
    for tensor, other in zip(tensors, others, strict=True):
        held = tensor.clone()
        tensor.copy_(other)
        other.copy_(held)
