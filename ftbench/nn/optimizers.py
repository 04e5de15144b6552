"""Optimisers: AdamW as torch has it and as transformers 4 had it, with schedule and clipping attached."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

Schedule = Callable[[int], float]


class AdamWHF(torch.optim.Optimizer):
    """AdamW of transformers 4 (removed in 5), with bias correction.

    With m, v the moments: θ ← θ − lr·√(1−β2^t)/(1−β1^t)·m/(√v+ε), then θ ← θ·(1−lr·decay). torch's AdamW
    decays first and adds ε after the correction of v; the two part at O(ε, lr·decay).

    Args:
        params: parameters or groups of them.
        lr: learning rate.
        betas: decay of the first and second moment, in [0, 1).
        eps: added to the uncorrected root of the second moment.
        weight_decay: decoupled decay.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        """Keep the settings as the defaults of every group."""
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Make one update of every parameter that has a gradient."""
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._update(group, params)

    def _update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        for p in params:
            if not self.state[p]:
                self.state[p] = {"step": 0, "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
            self.state[p]["step"] += 1
        for count in sorted({self.state[p]["step"] for p in params}):
            self._move(group, [p for p in params if self.state[p]["step"] == count], count)
        if group["weight_decay"]:
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])

    def _move(self, group: dict[str, Any], params: list[Tensor], count: int) -> None:
        """The ``count``-th step of Adam of these parameters, before they decay."""
        self._adam(group, params, count, group["lr"])

    def _adam(self, group: dict[str, Any], params: list[Tensor], count: int, lr: float) -> None:
        """Torch's fused Adam with ε/√(1−β2^t) for ε: added to the corrected root, it is ε before."""
        beta1, beta2 = group["betas"]
        torch._fused_adamw_(
            params,
            [p.grad for p in params if p.grad is not None],
            [self.state[p]["exp_avg"] for p in params],
            [self.state[p]["exp_avg_sq"] for p in params],
            [],
            [torch.tensor(float(count), device=p.device) for p in params],
            lr=lr,
            beta1=beta1,
            beta2=beta2,
            weight_decay=0.0,
            eps=group["eps"] / math.sqrt(1 - beta2**count),
            amsgrad=False,
            maximize=False,
        )


class Optimizer:
    """A torch optimiser with the learning rate of every step and the clipping before it.

    Attributes:
        inner: the torch optimiser.
        schedule: step (from 0) -> learning rate; a group's ``lr_scale`` multiplies it.
        clip: largest global norm of its gradients, 0 for none.
    """

    def __init__(self, inner: torch.optim.Optimizer, schedule: Schedule, clip: float) -> None:
        """Attach schedule and clipping to a torch optimiser."""
        self.inner, self.schedule, self.clip = inner, schedule, clip

    @property
    def params(self) -> list[nn.Parameter]:
        """The parameters it moves."""
        return [p for group in self.inner.param_groups for p in group["params"]]

    def clip_gradients(self) -> Tensor:
        """Scale the gradients to the largest norm where they exceed it; return the norm before, shape ()."""
        grads = [p.grad for p in self.params if p.grad is not None]
        if not grads:
            return torch.zeros(())
        norm = torch.nn.utils.get_total_norm(grads)
        if self.clip > 0:
            torch.nn.utils.clip_grads_with_norm_(self.params, self.clip, norm)
        return norm

    def step(self, step: int) -> None:
        """Update with the learning rate of ``step`` and drop the gradients."""
        rate = self.schedule(step)
        for group in self.inner.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1.0)
        self.inner.step()
        self.inner.zero_grad(set_to_none=True)


def linear_schedule(lr: float, warmup: int, total: int) -> Schedule:
    """Linear warm-up from 0 to ``lr`` over ``warmup`` steps, then linear decay to 0 at ``total``."""
    return lambda step: lr * _warm(step, warmup) if step < warmup else lr * _left(step, warmup, total)


def cosine_schedule(lr: float, warmup: int, total: int) -> Schedule:
    """Linear warm-up, then half a cosine down to 0 at ``total``."""
    return lambda step: (
        lr * _warm(step, warmup)
        if step < warmup
        else lr * 0.5 * (1 + math.cos(math.pi * (1 - _left(step, warmup, total))))
    )


def constant_schedule(lr: float, warmup: int, total: int) -> Schedule:
    """Linear warm-up, then ``lr``."""
    return lambda step: lr * _warm(step, warmup) if step < warmup else lr


SCHEDULES = {"linear": linear_schedule, "cosine": cosine_schedule, "constant": constant_schedule}


def _warm(step: int, warmup: int) -> float:
    return step / max(1, warmup)


def _left(step: int, warmup: int, total: int) -> float:
    return max(0.0, (total - step) / max(1, total - warmup))


def parameter_groups(
    params: Mapping[str, nn.Parameter], undecayed: Collection[str], decay: float, scales: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Parameter groups: those of one scale and decay together, in the order of first appearance.

    Args:
        params: by name.
        undecayed: names of those that weight decay leaves alone.
        decay: of the others.
        scales: factors of the learning rate by name, 1 where none is given.
    """
    found = []
    for factor in dict.fromkeys(scales.get(name, 1.0) for name in params):
        alike = {name: p for name, p in params.items() if scales.get(name, 1.0) == factor}
        for bare, value in ((False, decay), (True, 0.0)):
            chosen = [p for name, p in alike.items() if (name in undecayed) == bare]
            if chosen:
                scaled = {} if factor == 1.0 else {"lr_scale": factor}
                found.append({"params": chosen, "weight_decay": value, **scaled})
    return found


def build(
    flavour: str,
    groups: list[dict[str, Any]],
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> torch.optim.Optimizer:
    """The torch optimiser of a flavour: ``adamw_torch``, ``adamw_hf`` or ``sgd`` (plain, with decay).

    Args:
        flavour: which update.
        groups: parameter groups, each with its ``weight_decay``.
        lr: learning rate until the schedule sets it.
        betas: of Adam.
        eps: of Adam.

    Raises:
        ValueError: an unknown flavour.
    """
    if flavour == "adamw_hf":
        return AdamWHF(groups, lr=lr, betas=betas, eps=eps)
    if flavour == "sgd":
        return torch.optim.SGD(groups, lr=lr)
    if flavour == "adamw_torch":
        return torch.optim.AdamW(groups, lr=lr, betas=betas, eps=eps, fused=True)
    raise ValueError(f"unknown optimizer '{flavour}'")
