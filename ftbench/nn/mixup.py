"""Linear layers whose weight is mixed from a trained and a frozen one, by learnable attention of low rank."""

from __future__ import annotations

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


class MixedLinear(nn.Linear):
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


def mix_linears(
    model: nn.Module, rank: int, formula: str = "factored", constant: bool = True
) -> dict[str, MixedLinear]:
    """Replace every linear layer of a model by a mixed one, in place; one that is shared stays shared.

    Returns:
        The new layers by name.
    """
    made: dict[nn.Module, MixedLinear] = {}
    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):
            if isinstance(child, nn.Linear) and not isinstance(child, MixedLinear):
                if child not in made:
                    made[child] = MixedLinear(child, rank, formula, constant)
                parent._modules[name] = made[child]
    return {name: m for name, m in model.named_modules() if isinstance(m, MixedLinear)}


@torch.no_grad()
def unmix(model: nn.Module) -> nn.Module:
    """Replace every mixed layer by a plain one with the weight it computes with, in place."""
    made: dict[nn.Module, nn.Linear] = {}
    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):
            if isinstance(child, MixedLinear):
                if child not in made:
                    plain = nn.Linear(child.in_features, child.out_features, bias=False, device="meta")
                    plain.weight, plain.bias = nn.Parameter(child.mixed()), child.bias
                    made[child] = plain.train(child.training)
                parent._modules[name] = made[child]
    return model


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
