"""Averages of whole models, one running sum at a time."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class StateAverage:
    """The mean of state dicts, as a running sum in main memory.

    Floating-point tensors are averaged, in float32 or wider; of the others the first state's stay. The mean
    of one state is that state, to the last bit.

    Attributes:
        count: how many states it holds.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.count = 0
        self._sum: dict[str, Tensor] = {}
        self._dtypes: dict[str, torch.dtype] = {}

    @torch.no_grad()
    def add(self, state: Mapping[str, Tensor]) -> None:
        """Add a state; what it holds is copied."""
        for name, value in state.items():
            if name not in self._sum:
                self._dtypes[name] = value.dtype
                self._sum[name] = value.detach().to("cpu", _wide(value.dtype), copy=True)
            elif value.is_floating_point():
                self._sum[name] += value.detach().to("cpu")
        self.count += 1

    @torch.no_grad()
    def mean(self, more: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The mean, in the states' own dtypes, in main memory.

        Args:
            more: a further state that counts in this mean only.

        Raises:
            ValueError: no state was added.
        """
        if not self.count:
            raise ValueError("the mean of no state")
        count = self.count + (more is not None)
        found = {}
        for name, total in self._sum.items():
            if total.is_floating_point():
                total = (total if more is None else total + more[name].detach().to("cpu")) / count
            found[name] = total.to(self._dtypes[name])
        return found


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32) if dtype.is_floating_point else dtype
