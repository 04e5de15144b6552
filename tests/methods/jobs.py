"""Whole jobs of methods that make several runs, and their ends compared."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ftbench.testing.bench import Bench
from ftbench.training.trainer import Trainer

Weights = dict[str, Tensor]


def do(bench: Bench, method: str, given: dict[str, Any], **more: Any) -> tuple[Weights, Trainer]:
    """Do a job: the weights of the model to evaluate, and the trainer."""
    recipe = {k: more.pop(k) for k in list(more) if k not in ("folder", "listener")}
    trainer = bench.trainer(bench.job(method, given, **recipe), **more)
    model = trainer.method.fit(trainer)
    return {n: p.detach().clone() for n, p in model.named_parameters()}, trainer


def same(a: Weights, b: Weights) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)
