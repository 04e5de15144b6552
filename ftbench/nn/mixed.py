"""Linear layers that train with a mixture of their weight and another one: Mixout, DPS Mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ftbench.errors import UsageError


class _Mix(torch.autograd.Function):
    """The mixture, with a backward that can leave out the factor 1/(1-p)."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, target: Tensor, keep: Tensor, p: float, exact: bool) -> Tensor:
        factor = 1.0 / (1.0 - p) if p < 1 else 0.0
        ctx.save_for_backward(keep)
        ctx.factor = factor if exact else 1.0
        # ((1-M)·T + M·W - p·T)/(1-p) = T + (W-T)·M/(1-p), which is W to the last bit where p is 0.
        return torch.lerp(target, weight, keep.to(weight.dtype) * factor)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        (keep,) = ctx.saved_tensors
        grad = grad * keep
        return grad if ctx.factor == 1.0 else grad * ctx.factor, None, None, None, None


def mix_weights(
    weight: Tensor, target: Tensor, keep: Tensor, p: float, *, exact_gradient: bool = True
) -> Tensor:
    """((1-M)⊙T + M⊙W - p·T)/(1-p): W where kept, T elsewhere, its mean over M equal to W (Lee et al. 2020).

    Args:
        weight: W, shape (out, in).
        target: T, same shape; gets no gradient.
        keep: M, 0 or 1, shape (in,) for whole columns or (out, in); boolean or any dtype.
        p: probability that an entry takes the target, in [0, 1]; at 1 the result is the target.
        exact_gradient: the derivative, G⊙M/(1-p); false: G⊙M, as the authors' code.
    """
    mixed: Tensor = _Mix.apply(weight, target, keep, p, exact_gradient)  # type: ignore[no-untyped-call]
    return mixed


class MixedLinear(nn.Linear):
    """A linear layer whose calls in training mode use ``mix_weights``; in evaluation it is the plain layer.

    Its parameters are those of the layer it replaces, under the same names; its state dict is the same too.

    Attributes:
        name: the layer's name in the model.
        start: the weight at the start of training, shape (out, in).
    """

    start: Tensor

    def __init__(
        self, linear: nn.Linear, name: str, mixture: Mixture, *, p: float, exact_gradient: bool
    ) -> None:
        """Take over a layer's parameters; ``mixture`` gives the keep mask and the target of each call."""
        nn.Module.__init__(self)  # nn.Linear's own would draw new weights
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias = linear.weight, linear.bias
        self.name, self.p, self.exact_gradient = name, p, exact_gradient
        self._mixture = mixture
        self._replaced = (linear,)  # in a tuple, so that it is no child
        self.register_buffer("start", linear.weight.detach().clone(), persistent=False)
        self.train(linear.training)

    def forward(self, input: Tensor) -> Tensor:
        """The plain layer, with a mixed weight in training mode."""
        if not self.training:
            return F.linear(input, self.weight, self.bias)
        keep, target = self._mixture(self)
        weight = mix_weights(self.weight, target, keep, self.p, exact_gradient=self.exact_gradient)
        return F.linear(input, weight, self.bias)

    def restart(self) -> None:
        """Let the weight as it is now be the start."""
        self.start.copy_(self.weight.detach())

    def plain(self) -> nn.Linear:
        """The layer that this one replaced, with the weights of now."""
        (linear,) = self._replaced
        return linear.train(self.training)


Mixture = Callable[[MixedLinear], tuple[Tensor, Tensor]]


def insert(model: nn.Module, mixture: Mixture, *, p: float, exact_gradient: bool) -> nn.Module:
    """Replace every ``nn.Linear`` of a model by a ``MixedLinear``, in place.

    Subclasses of ``nn.Linear`` stay: what they compute is not known.

    Args:
        model: any.
        mixture: called at every call of a layer; gives its keep mask and its target.
        p: probability that an entry takes the target.
        exact_gradient: see ``mix_weights``.

    Returns:
        The model; its replacement where it is itself a linear layer.

    Raises:
        UsageError: the model recomputes activations: each call would be mixed anew, and the gradient wrong.
    """
    if any(getattr(module, "gradient_checkpointing", False) for module in model.modules()):
        raise UsageError("weights that are mixed at every call need gradient checkpointing to be off")
    return _replace(
        model,
        {
            module: MixedLinear(module, name, mixture, p=p, exact_gradient=exact_gradient)
            for name, module in model.named_modules()
            if type(module) is nn.Linear
        },
    )


def layers(model: nn.Module) -> Iterator[MixedLinear]:
    """The inserted layers."""
    return (module for module in model.modules() if isinstance(module, MixedLinear))


def remove(model: nn.Module) -> nn.Module:
    """Put the plain layers back, with the weights of now; the inverse of ``insert``."""
    return _replace(model, {layer: layer.plain() for layer in list(layers(model))})


def _replace(model: nn.Module, by: Mapping[Any, nn.Module]) -> nn.Module:
    """Put other modules in the place of some, under each of their names."""
    for path, module in list(model.named_modules(remove_duplicate=False)):
        if path and module in by:
            parent, _, own = path.rpartition(".")
            setattr(model.get_submodule(parent), own, by[module])
    return by.get(model, model)
