"""What does not move: entries that do not decay, parameters that need no gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ftbench.nn.optimizers import AdamWHF, Optimizer


@contextmanager
def decay_kept(optimizer: Optimizer, masks: Mapping[nn.Parameter, Tensor], step: int) -> Iterator[None]:
    """Weight decay falls on the kept entries alone, for one step of the optimiser inside the block.

    θ ← θ·(1−lr·decay) where the mask is True, before Adam's update or after it as the flavour has it; no
    buffer outlives the block.

    Args:
        optimizer: stepped once inside the block.
        masks: True where an entry decays, by parameter; parameters without a mask decay as ever.
        step: the update being made, for its learning rate.
    """
    touched = [g for g in optimizer.inner.param_groups if any(p in masks for p in g["params"])]
    decays = [float(group["weight_decay"]) for group in touched]
    rate = optimizer.schedule(step)
    shrunk = [
        (p, masks.get(p), 1 - rate * group.get("lr_scale", 1.0) * decay)
        for group, decay in zip(touched, decays, strict=True)
        for p in group["params"]
        if decay and p.grad is not None
    ]
    late = isinstance(optimizer.inner, AdamWHF)
    if not late:
        _shrink(shrunk)
    for group in touched:
        group["weight_decay"] = 0.0
    try:
        yield
    finally:
        for group, decay in zip(touched, decays, strict=True):
            group["weight_decay"] = decay
    if late:
        _shrink(shrunk)


@torch.no_grad()
def _shrink(params: list[tuple[nn.Parameter, Tensor | None, float]]) -> None:
    for p, mask, factor in params:
        if mask is None:
            p.mul_(factor)
        else:
            p.addcmul_(p, mask, value=factor - 1)  # one kernel; the product first takes five times as long


@contextmanager
def trained_alone(model: nn.Module, parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Only these parameters of a model get gradients inside the block."""
    chosen = {id(p) for p in parameters}
    paused = [p for p in model.parameters() if p.requires_grad and id(p) not in chosen]
    for p in paused:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in paused:
            p.requires_grad_(True)
