"""Linear layers whose weight is mixed from a trained and a frozen one, by learnable attention of low rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftbench.nn.optimizers import Optimizer, Schedule

FORMULAS = ("factored", "convex")


def mix(
    weight: Tensor, start: Tensor, a1: Tensor, a2: Tensor, formula: str = "factored", constant: bool = True
) -> Tensor:
    """The weight that a layer computes with (Somayajula et al. 2024, Eq. 3 and after it).

    ``factored``: (AB)⊙W + ((1−A)(1−B))⊙W0, which is no average of W and W0 unless A or B is 0 or 1;
    ``convex``: α⊙W + (1−α)⊙W0 with α = AB. Products are divided by the rank where ``constant``.

    Args:
        weight: W, shape (out, in).
        start: W0, same shape.
        a1: A, shape (out, rank), in [0, 1].
        a2: B, shape (rank, in), in [0, 1].
        formula: one of ``FORMULAS``.
        constant: the 1/rank that keeps α in [0, 1].

    Returns:
        Shape (out, in); W itself, to the last bit, where A and B are 1 (with ``constant``, or of rank 1).
    """
    rank = a1.shape[1] if constant else 1
    alpha = a1 @ a2 if rank == 1 else a1 @ a2 / rank
    if formula == "convex":
        return alpha * weight + (1 - alpha) * start
    rest = (1 - a1) @ (1 - a2)
    return alpha * weight + (rest if rank == 1 else rest / rank) * start


class MixupLinear(nn.Linear):
    """A linear layer with ``weight`` and ``bias`` as before, attention ``a1``, ``a2``, and W0 as a buffer.

    The attention is projected onto [0, 1] before every use. ``w0`` is not in the state dict: it is the weight
    the layer was made from.

    Args:
        linear: the layer to take over; its parameters stay the same objects.
        rank: of the attention.
        formula: see ``mix``.
        constant: see ``mix``.
    """

    w0: Tensor

    def __init__(
        self, linear: nn.Linear, rank: int, formula: str = "factored", constant: bool = True
    ) -> None:
        """Take over a layer, with attention 1 everywhere."""
        super().__init__(linear.in_features, linear.out_features, bias=False, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.a1 = nn.Parameter(self.weight.new_ones(self.out_features, rank))
        self.a2 = nn.Parameter(self.weight.new_ones(rank, self.in_features))
        self.register_buffer("w0", self.weight.detach().clone(), persistent=False)
        self.formula, self.constant = formula, constant
        self.train(linear.training)

    def mixed(self) -> Tensor:
        """The weight that the layer computes with, shape (out, in)."""
        for part in (self.a1, self.a2):
            # Past autograd: a layer that is used twice in a pass has its attention saved for the backward.
            part.data.clamp_(0.0, 1.0)
        with torch.autocast(self.weight.device.type, enabled=False):
            return mix(self.weight, self.w0, self.a1, self.a2, self.formula, self.constant)

    def forward(self, input: Tensor) -> Tensor:
        """Shape (…, in) to (…, out)."""
        return F.linear(input, self.mixed(), self.bias)

    @torch.no_grad()
    def plain(self) -> nn.Linear:
        """A plain layer with the weight that this one computes with."""
        linear = nn.Linear(self.in_features, self.out_features, bias=False, device="meta")
        linear.weight, linear.bias = nn.Parameter(self.mixed()), self.bias
        return linear.train(self.training)


def mix_linears(model: nn.Module, rank: int, formula: str = "factored", constant: bool = True) -> nn.Module:
    """Replace every ``nn.Linear`` of a model by a mixed one, in place; one that is shared stays shared.

    Subclasses of ``nn.Linear`` stay: what they compute is not known.

    Returns:
        The model; its replacement where it is itself a linear layer.
    """
    found = [m for m in model.modules() if type(m) is nn.Linear]
    return _replace(model, {m: MixupLinear(m, rank, formula, constant) for m in found})


def mixed_layers(model: nn.Module) -> dict[str, MixupLinear]:
    """The mixed layers by name."""
    return {name: m for name, m in model.named_modules() if isinstance(m, MixupLinear)}


def attention_names(model: nn.Module) -> frozenset[str]:
    """Names of the attention parameters of the mixed layers."""
    parts = (f"{name}.{part}" for name in mixed_layers(model) for part in ("a1", "a2"))
    return frozenset(name.removeprefix(".") for name in parts)


def unmix(model: nn.Module) -> nn.Module:
    """Replace every mixed layer by a plain one with the weight it computes with, in place.

    Returns:
        The model; its replacement where it is itself a mixed layer.
    """
    return _replace(model, {layer: layer.plain() for layer in mixed_layers(model).values()})


def _replace(model: nn.Module, by: Mapping[Any, nn.Module]) -> nn.Module:
    """Put other modules in the place of some, wherever they stand."""
    for path, module in list(model.named_modules(remove_duplicate=False)):
        if path and module in by:
            parent, _, own = path.rpartition(".")
            setattr(model.get_submodule(parent), own, by[module])
    return by.get(model, model)


class CountingOptimizer(Optimizer):
    """Clips by a norm in which the gradients of further tensors count, which it does not move.

    Args:
        inner: the torch optimiser.
        schedule: step -> learning rate.
        clip: largest norm, 0 for none.
        counted: the further tensors.
    """

    def __init__(
        self, inner: torch.optim.Optimizer, schedule: Schedule, clip: float, counted: list[Tensor]
    ) -> None:
        """Remember what counts."""
        super().__init__(inner, schedule, clip)
        self.counted = counted

    def clip_gradients(self) -> Tensor:
        """Scale the moved parameters' gradients where the norm of all is too large; return that norm."""
        grads = [t.grad for t in [*self.params, *self.counted] if t.grad is not None]
        if not grads:
            return torch.zeros(())
        norm = torch.nn.utils.get_total_norm(grads)
        if self.clip > 0:
            torch.nn.utils.clip_grads_with_norm_(self.params, self.clip, norm)
        return norm

    def step(self, step: int) -> None:
        """Update, and drop the gradients of what only counts, too."""
        super().step(step)
        for tensor in self.counted:
            tensor.grad = None
