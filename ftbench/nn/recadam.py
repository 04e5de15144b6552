"""RecAdam: Adam whose update is annealed against a pull toward the pretrained weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from ftbench.nn.optimizers import AdamWHF

Annealing = Callable[[int], float]


def annealing(kind: str, k: float, t0: float, weight: float = 1.0) -> Annealing:
    """λ(t) of a parameter's t-th update, t from 1 (Chen et al. 2020, arXiv:2004.12651).

    Args:
        kind: ``sigmoid``: σ(k·(t−t0)); ``linear``: min(1, t/t0); ``constant``: 1; each times ``weight``.
        k: rate of the sigmoid.
        t0: where the sigmoid is at ½, or the line at 1.
        weight: λ's largest value, and the sum of the two terms' weights.

    Raises:
        ValueError: an unknown kind.
    """
    if kind == "constant":
        return lambda t: weight
    if kind == "linear":
        return lambda t: weight * (min(1.0, t / t0) if t0 > 0 else 1.0)
    if kind == "sigmoid":
        return lambda t: weight * _sigmoid(k * (t - t0))
    raise ValueError(f"unknown annealing '{kind}'")


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


class RecAdamOptimizer(AdamWHF):
    """Adam with a decoupled, annealed quadratic penalty (Chen et al. 2020, arXiv:2004.12651, Alg. 1).

    With d Adam's direction and θ0 a parameter's anchor: θ ← θ − lr·[λ(t)·d + (w−λ(t))·γ·(θ−θ0)], then the
    decay of ``AdamWHF``. The pull is not normalised as Adam's step is: it contracts only while
    lr·(w−λ)·γ < 2. Parameters without an anchor take ``AdamWHF``'s step.

    Args:
        params: parameters or groups of them.
        anchors: θ0 by parameter; not part of the optimiser's state.
        anneal: t -> λ(t).
        weight: w, the sum of the two terms' weights.
        strength: γ.
        after: pull from where Adam's step led, as the authors' code does, not from where it began.
        lr: learning rate.
        betas: decay of the first and second moment, in [0, 1).
        eps: added to the uncorrected root of the second moment.
        weight_decay: decoupled decay toward 0.
    """

    def __init__(
        self,
        params: Iterable[Any],
        anchors: Mapping[Tensor, Tensor],
        anneal: Annealing,
        *,
        weight: float = 1.0,
        strength: float = 5000.0,
        after: bool = False,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        """Keep the anchors beside the groups."""
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        self._anchors, self._anneal = anchors, anneal
        self._weight, self._strength, self._after = weight, strength, after

    def _move(self, group: dict[str, Any], params: list[Tensor], count: int) -> None:
        anchored = [p for p in params if p in self._anchors]
        free = [p for p in params if p not in self._anchors]
        factor, lr = self._anneal(count), group["lr"]
        # Adam's direction does not depend on θ: a pull made before its step is a pull from where it began.
        if not self._after:
            self._pull(anchored, factor, lr)
        if anchored:
            self._adam(group, anchored, count, lr * factor)
        if free:
            self._adam(group, free, count, lr)
        if self._after:
            self._pull(anchored, factor, lr)

    def _pull(self, params: list[Tensor], factor: float, lr: float) -> None:
        """θ ← θ + lr·(w−λ)·γ·(θ0−θ)."""
        if params and factor != self._weight:
            anchors = [self._anchors[p] for p in params]
            torch._foreach_lerp_(params, anchors, lr * (self._weight - factor) * self._strength)
