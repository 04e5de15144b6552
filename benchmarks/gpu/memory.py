"""Memory that runs out: the job goes on with smaller micro-batches, and makes the same updates."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from benchmarks.gpu import material
from benchmarks.gpu.findings import Finding, Value, found
from benchmarks.gpu.material import Setup
from ftbench import methods, tasks
from ftbench.domain.result import CurvePoint
from ftbench.run.run import Run
from ftbench.testing.bench import Watcher, weights
from ftbench.testing.subject import distance
from ftbench.training import perform
from ftbench.training.resuming import free_memory

#: How far the updates may be from those of the whole batch, as a part of the way.
ROUNDING = 1e-3
STEPS, LATE = 6, 3


class _Short(Watcher):
    """Takes memory away after a step of a run."""

    def __init__(self, limit: contextlib.AbstractContextManager[None], at: int) -> None:
        super().__init__()
        self._limit, self._at = limit, at
        self._stack = contextlib.ExitStack()
        if not at:
            self._stack.enter_context(limit)

    def progress(self, run: str, step: int, total: int, points: Sequence[CurvePoint]) -> None:
        super().progress(run, step, total, points)
        if self._at and step == self._at:
            self._at = 0
            self._stack.enter_context(self._limit)

    def close(self) -> None:
        self._stack.close()


def whole_batch(setup: Setup) -> int:
    """Rows of an update."""
    return 8 if setup.short else 64


def measure(setup: Setup, table: str) -> Iterator[Finding]:
    """From the start, and in the middle of a run."""
    plain = {"optimizer": "sgd", "clip": 0.0, "dropout": 0.0, "lr": 1e-2}
    size = whole_batch(setup)
    job = material.job_of("vanilla", "rte", setup.minilm, steps=STEPS, batch_size=size, **plain)
    for at, name in ((0, "before the first step"), (LATE, f"after step {LATE}")):
        yield found(table, name, partial(_cut, job, setup, at))


def _cut(job: Any, setup: Setup, at: int) -> Mapping[str, Value]:
    plain, peak = _trained(job, setup, Watcher(), 1)
    _, less = _trained(job, setup, Watcher(), 2)
    start, _ = _trained(replace(job, recipe=replace(job.recipe, lr=1e-12)), setup, Watcher(), 1)
    listener = _Short(limited(setup, (peak + less) / 2), at)
    told: dict[str, Any] = {}
    try:
        cut, _ = _trained(job, setup, listener, 1, told)
    finally:
        listener.close()
    apart = distance(cut, plain) / distance(start, plain)
    parts = int(told.get("parts", 1))
    return {
        "right": parts > 1 and apart <= ROUNDING,
        "parts": parts,
        "apart, of the way": apart,
        "MB whole": peak / 1e6,
        "MB in halves": less / 1e6,
    }


def _trained(
    job: Any, setup: Setup, listener: Watcher, parts: int, told: dict[str, Any] | None = None
) -> tuple[dict[str, Tensor], float]:
    """The weights at the end, and the most bytes that torch kept."""
    free_memory()
    if setup.cuda:
        torch.cuda.reset_peak_memory_stats(setup.device)
    source = material.pretrained(setup.minilm, job.task, setup.device)
    corpus: Any = material.rows(job.task, whole_batch(setup) * STEPS, setup.minilm, setup.device)
    cls = methods.find(job.method)
    trainer, model = perform._trained(
        {"parts": parts}, job, tasks.find(job.task), cls, source, corpus, "", listener
    )
    if told is not None:
        told |= trainer.facts
    return weights(model), torch.cuda.max_memory_reserved(setup.device) if setup.cuda else 0.0


@contextlib.contextmanager
def limited(setup: Setup, size: float) -> Iterator[None]:
    """No more bytes than these inside the block; on a CPU, no passes of more than half a batch."""
    if setup.cuda:
        free_memory()
        whole = torch.cuda.get_device_properties(setup.device).total_memory
        torch.cuda.set_per_process_memory_fraction(size / whole, setup.device)
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0, setup.device)
        return
    forward = Run.forward

    def refused(run: Run, batch: Any, **more: Any) -> Tensor:
        if len(batch) > whole_batch(setup) // 2:
            raise RuntimeError("out of memory, as it were")
        return forward(run, batch, **more)

    with mock.patch.object(Run, "forward", refused):
        yield
