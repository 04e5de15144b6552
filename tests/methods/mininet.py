"""The network of the recorded trajectories, and runs of methods on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from ftbench.domain.job import STREAMS
from ftbench.domain.recipe import layered
from ftbench.methods import Method
from ftbench.run.data import Batch
from ftbench.run.objectives import Objective
from ftbench.run.run import Run
from ftbench.training import trainer


class Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, h):
        return self.LayerNorm(h + torch.tanh(self.dense(h)))


class Bert(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.proj = nn.Linear(inputs, width)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(Layer(width) for _ in range(2))
        self.pooler = nn.Module()
        self.pooler.dense = nn.Linear(width, width)


class MiniNet(nn.Module):
    """Two layers over a projection, with the names that rules of the papers' code look for."""

    def __init__(self, inputs: int = 5, width: int = 6, classes: int = 3) -> None:
        super().__init__()
        self.bert = Bert(inputs, width)
        self.classifier = nn.Linear(width, classes)

    def pooled(self, x):
        h = torch.tanh(self.bert.embeddings.proj(x))
        for layer in self.bert.encoder.layer:
            h = layer(h)
        return torch.tanh(self.bert.pooler.dense(h))

    def forward(self, x):
        return self.classifier(self.pooled(x))


def load(path: Path) -> SimpleNamespace:
    """A recording: its arrays, its meta data, and the model at its start (float64)."""
    arrays = dict(np.load(path))
    meta = json.loads(str(arrays.pop("meta_json")))
    init = {k.removeprefix("init/"): torch.as_tensor(v) for k, v in arrays.items() if k.startswith("init/")}
    model = MiniNet(classes=init["classifier.weight"].shape[0]).double()
    model.load_state_dict(init)
    traj = {k.removeprefix("traj/"): v for k, v in arrays.items() if k.startswith("traj/")}
    return SimpleNamespace(
        arrays=arrays, meta=meta, model=model, traj=traj, tolerance=meta.get("tolerance", 1e-9)
    )


class DropNet(MiniNet):
    """MiniNet with a dropout before its head, as pretrained models have one."""

    def __init__(self, rate: float = 0.1, **sizes: int) -> None:
        super().__init__(**sizes)
        self.dropout = nn.Dropout(rate)

    def forward(self, x):
        return self.classifier(self.dropout(self.pooled(x)))


def seeded(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """A float64 module with the same weights at every call."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make().double()


def examples(steps: int = 3, rows: int = 4, classes: int = 3, seed: int = 0) -> list[tuple[Any, Any]]:
    """Batches of (inputs, labels); numbers for labels where there is one class."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(steps, rows, 5))
    labels = rng.normal(size=(steps, rows)) if classes == 1 else rng.integers(classes, size=(steps, rows))
    return list(zip(inputs, labels, strict=True))


class Listed:
    """A split with given batches."""

    def __init__(self, batches: list[tuple[Any, Any]]) -> None:
        self.batches = [
            Batch(torch.as_tensor(x), torch.as_tensor(y), tuple(range(len(y))), len(y)) for x, y in batches
        ]

    def batch(self, number: int) -> Batch:
        return self.batches[number % len(self.batches)]

    def epoch(self, number: int, by_length: bool = False) -> Iterator[Batch]:
        return iter(self.batches[::-1] if number else self.batches)


def run_of(
    method: Method,
    model: nn.Module,
    batches: list[tuple[Any, Any]],
    *,
    steps: int | None = None,
    regression: bool = False,
    name: str = "main",
    seed: int = 0,
    held_out: list[tuple[Any, Any]] | None = None,
    call: Callable[[nn.Module, Any, int], torch.Tensor] | None = None,
    drawn_head: frozenset[str] = frozenset(),
    **recipe: Any,
) -> Run:
    """A configured run at its first step: plain SGD at rate 1 without decay or clipping, where not given."""
    steps = len(batches) or 1 if steps is None else steps
    plain = {"optimizer": "sgd", "lr": 1.0, "weight_decay": 0.0, "clip": 0.0, "schedule": "constant"}
    chosen = layered({"steps": steps, "warmup_steps": 0, **plain}, recipe)
    sources = {"train": Listed(batches)} | ({"held_out": Listed(held_out)} if held_out else {})
    task = Objective("toy", regression)
    seeds = dict.fromkeys(STREAMS, seed)
    run = Run(
        name,
        model,
        task,
        chosen,
        steps,
        sources,
        seeds=seeds,
        method=method.name(),
        call=call,
        head_names=drawn_head,
        drawn_head=bool(drawn_head),
    )
    model.train()
    trainer.configure(method, run)
    run.begin(0)
    return run


def whole(batches: list[tuple[Any, Any]], number: int = 0) -> Batch:
    """One of the batches, as a run gives it."""
    return Listed(batches).batch(number)
