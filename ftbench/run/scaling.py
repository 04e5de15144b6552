"""Loss scaling: in fp16 small gradients are lost unless the loss is multiplied first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

START, GROWTH_INTERVAL = 2.0**16, 2000


class LossScale:
    """The dynamic scale of fp16 training, by the rule of torch's GradScaler (Micikevicius et al. 2018).

    Gradients are unscaled where they are made, so that a method sees none that is scaled; where one is not
    finite, all are 0, the update is left out, and the scale is halved for the next one. After 2000 updates
    without that, it is doubled. Below 1 nothing is left out: what overflows then is no matter of the scale.

    Attributes:
        value: what a loss is multiplied with, a power of 2.
        skipped: updates that were left out.
        overflowed: whether a gradient of this update was not finite.
    """

    def __init__(self) -> None:
        """Begin as torch and transformers do."""
        self.value, self.skipped, self.overflowed = START, 0, False
        self._good, self._stepped = 0, False

    @contextmanager
    def scaled(self, parameters: Iterable[nn.Parameter]) -> Iterator[float]:
        """Inside the block gradients are scaled by the factor that is given; behind it they are not.

        Args:
            parameters: whose gradients a backward pass adds to.
        """
        if self._stepped:  # what follows an update belongs to the next one
            self.overflowed, self._stepped = False, False
        factor, chosen = self.value, [p for p in parameters if p.requires_grad]
        before = _gradients(chosen)
        if before:
            torch._foreach_mul_(before, factor)
        yield factor
        self._unscale(_gradients(chosen), factor)

    def update(self) -> bool:
        """Whether the update is to be made; called before each step of an optimiser."""
        if not self._stepped:
            self._stepped = True
            self.skipped += self.overflowed
            if self.overflowed:
                self.value, self._good = self.value / 2, 0
                return False
            self._good += 1
            if self._good == GROWTH_INTERVAL:
                self.value, self._good = 2 * self.value, 0
        return not self.overflowed

    def state(self) -> dict[str, float]:
        """For the checkpoint, between two updates."""
        return {"value": self.value, "skipped": self.skipped, "good": self._good}

    def load(self, state: Mapping[str, float]) -> None:
        """From the checkpoint."""
        self.value, self.skipped, self._good = state["value"], int(state["skipped"]), int(state["good"])

    def _unscale(self, gradients: list[torch.Tensor], factor: float) -> None:
        """Divide by the factor, exactly; drop all where one is not finite."""
        if not gradients:
            return
        device = gradients[0].device
        bad = torch.zeros((), device=device)
        inverse = torch.full((), 1 / factor, device=device)
        torch._amp_foreach_non_finite_check_and_unscale_(gradients, bad, inverse)
        if factor >= 1 and bad.item():
            self.overflowed = True
        if self.overflowed:
            torch._foreach_zero_(gradients)


def _gradients(parameters: Iterable[nn.Parameter]) -> list[torch.Tensor]:
    return [p.grad for p in parameters if p.grad is not None]
