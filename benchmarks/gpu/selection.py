"""Thresholds over all weights of BERT large: ``ftbench.nn.selection`` beside sort and ``torch.kthvalue``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from benchmarks._measure import synchronize
from benchmarks.gpu import material
from benchmarks.gpu.findings import Finding, found
from benchmarks.gpu.material import Setup
from ftbench.nn.selection import kept, kth_largest, kth_largest_of

SELECTION = "selection"
KEEP = 0.3
OURS, EACH, SORT, KTH = "one for all", "a threshold each", "sort", "torch.kthvalue"


def measure(setup: Setup) -> Iterator[Finding]:
    """Seconds of each way, and whether all find the same value."""
    model = material.pretrained(setup.large, "rte", setup.device).model
    tensors = [torch.randn_like(p).square_() for p in model.parameters()]
    del model
    count = sum(t.numel() for t in tensors)
    place = kept(count, KEEP)

    def together() -> Tensor:
        return torch.cat([t.reshape(-1) for t in tensors])

    ways: dict[str, Callable[[], Tensor]] = {
        OURS: lambda: kth_largest_of(tensors, place),
        EACH: lambda: torch.stack([kth_largest(t, kept(t.numel(), KEEP)) for t in tensors]),
        SORT: lambda: together().sort(descending=True).values[place - 1],
        KTH: lambda: together().kthvalue(count - place + 1).values,
    }
    wanted = ways[OURS]()
    for name, work in ways.items():
        yield found(SELECTION, name, partial(_timed, work, setup, count, wanted, name == EACH))


def _timed(
    work: Callable[[], Tensor], setup: Setup, count: int, wanted: Tensor, other: bool
) -> dict[str, float | int | bool | str | None]:
    material.free(setup.device)
    right = other or bool(torch.equal(work(), wanted))
    seconds = []
    for _ in range(1 if setup.short else 5):
        synchronize(setup.device)
        start = time.perf_counter()
        work()
        synchronize(setup.device)
        seconds.append(time.perf_counter() - start)
    return {
        "right": right,
        "ms": 1e3 * min(seconds),
        "peak MB": material.peak_mb(setup.device),
        "millions": count / 1e6,
    }
