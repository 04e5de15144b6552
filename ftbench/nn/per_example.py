"""Gradients of single examples, of one pass over many of them.

What a weight's gradient consists of, its module's input and the gradient of its output, keeps the examples
apart. So one backward pass down to the outputs serves a whole batch, and only the last product, which makes
the gradient of a weight, is left to each example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

#: Modules whose gradients are known here; a subclass may compute something else.
KNOWN = (nn.Linear, nn.LayerNorm)


@dataclass
class _Call:
    """One call of a module: input and output, and their versions, which rise when they are overwritten."""

    module: nn.Module
    given: Any
    returned: Any
    versions: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.versions = self._now()

    def apart(self, rows: int) -> bool:
        """Whether input and output keep examples apart, rows first, and are what they were."""
        both = (self.given, self.returned)
        whole = all(isinstance(x, Tensor) and x.ndim > 1 and x.shape[0] == rows for x in both)
        return whole and self._now() == self.versions

    @property
    def square(self) -> bool:
        """Whether there are as many rows as tokens: shapes do not tell which come first."""
        return bool(self.given.ndim > 2 and self.given.shape[0] == self.given.shape[1])

    def _now(self) -> tuple[int, ...]:
        return tuple(x._version for x in (self.given, self.returned) if isinstance(x, Tensor))


class ExampleGradients:
    """Makes the gradients of single examples, where a model lets them be told apart.

    That is where each parameter belongs to one linear layer or layer normalisation that is called once a
    pass, rows first, and no batch normalisation mixes the rows. Elsewhere (layers or parameters that are
    shared, projections that are no modules) there is nothing to be had, and ``of`` says so.

    Args:
        model: any, in training mode or not.
        parameters: whose gradients are wanted, by name; they require gradients.
    """

    def __init__(self, model: nn.Module, parameters: Mapping[str, nn.Parameter]) -> None:
        """Find the modules that hold the parameters."""
        self._names = {id(p): name for name, p in parameters.items()}
        held = {m: [p for p in m.parameters(recurse=False) if id(p) in self._names] for m in model.modules()}
        self._held = {module: owned for module, owned in held.items() if owned}
        owners = Counter(id(p) for owned in self._held.values() for p in owned)
        known = all(type(module) in KNOWN for module in self._held)
        mixing = any(isinstance(module, _BatchNorm) for module in model.modules())
        self._possible = known and not mixing and owners == dict.fromkeys(self._names, 1)
        self._rows_first = False

    def of(self, loss: Callable[[], Tensor], rows: int) -> Iterator[tuple[str, Tensor]] | None:
        """The gradient of every example's loss with respect to every parameter.

        Args:
            loss: calls the model once and gives the sum of the examples' losses, shape ().
            rows: how many examples there are.

        Returns:
            Name and gradient, of the parameter's shape, one after the other; None where they are not to be
            had of this pass.
        """
        if not self._possible:
            return None
        with self._watched() as calls:
            total = loss()
        counts = Counter(call.module for call in calls)
        self._possible = counts == dict.fromkeys(self._held, 1) and all(call.apart(rows) for call in calls)
        if not self._possible:
            return None
        self._rows_first = self._rows_first or not any(call.square for call in calls)
        return self._made(total, calls) if self._rows_first else None

    @contextmanager
    def _watched(self) -> Iterator[list[_Call]]:
        """The calls of the modules inside the block."""
        calls: list[_Call] = []

        def note(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            calls.append(_Call(module, args[0] if args else None, output))

        handles = [module.register_forward_hook(note) for module in self._held]
        try:
            yield calls
        finally:
            for handle in handles:
                handle.remove()

    def _made(self, total: Tensor, calls: list[_Call]) -> Iterator[tuple[str, Tensor]]:
        # Gradients of outputs are asked for, so autograd makes none of weights.
        outer = torch.autograd.grad(total, [call.returned for call in calls], allow_unused=True)
        for call, g in zip(calls, outer, strict=True):
            if g is None:
                continue
            x = call.given.detach().to(g.dtype)
            if isinstance(call.module, nn.LayerNorm):
                made = _of_norm(call.module, x, g)
            else:
                made = _of_linear(call.module, x, g)
            for parameter, gradient in made:
                if id(parameter) in self._names:
                    yield self._names[id(parameter)], gradient.to(parameter.dtype)


def _of_linear(module: nn.Module, x: Tensor, g: Tensor) -> Iterator[tuple[Any, Tensor]]:
    """Example by example, so that a weight's Fisher information and its gradient stay in the cache."""
    x, g = (v.reshape(v.shape[0], -1, v.shape[-1]) for v in (x, g))  # (rows, tokens, in), (rows, tokens, out)
    for given, outer in zip(x, g, strict=True):
        yield module.weight, outer.t() @ given  # (out, in)
    if module.bias is not None:
        for gradient in g.sum(1):
            yield module.bias, gradient  # (out,)


def _of_norm(module: nn.LayerNorm, x: Tensor, g: Tensor) -> Iterator[tuple[Any, Tensor]]:
    shape = tuple(module.normalized_shape)
    gains = g * F.layer_norm(x, shape, eps=module.eps)
    for parameter, by_token in ((module.weight, gains), (module.bias, g)):
        if parameter is not None:
            for gradient in by_token.reshape(len(x), -1, *shape).sum(1):
                yield parameter, gradient
