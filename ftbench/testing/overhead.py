"""Overhead: what a job of a method costs beside one of vanilla, measured on the CPU."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ftbench.training.trainer import Trainer

Make = Callable[[int], Trainer]

ROUNDS, STEPS = 3, 12


def overhead_of(mine: Make, plain: Make) -> str:
    """Time and peak memory of a short job against vanilla's, in one line.

    The two alternate; the ratio of times is the median over rounds, one-off work and further runs included.
    Memory is what a job allocates on top of the pretrained weights.

    Args:
        mine: steps -> the trainer of a fresh job of the method.
        plain: the same of vanilla.
    """
    extra = peak(mine(2)) - peak(plain(2))
    ratios = []
    for _ in range(ROUNDS):
        plain_seconds = seconds(plain(STEPS))
        ratios.append(seconds(mine(STEPS)) / plain_seconds)
    return f"{statistics.median(ratios):.2f} × vanilla's time, {extra:+.2f} weights of memory at the peak"


def seconds(trainer: Trainer) -> float:
    """The CPU time that a job trains for: other programs on the machine do not count."""
    start = time.process_time()
    trainer.method.fit(trainer)
    return time.process_time() - start


def peak(trainer: Trainer) -> float:
    """The most that a job has allocated at any time, in multiples of the model's weights."""
    size = 0
    with allocations() as events:
        model = trainer.method.fit(trainer)
        size = sum(p.numel() * p.element_size() for p in model.parameters())
    return highest(events) / size


def highest(changes: Iterable[int]) -> int:
    """The most that was held at any time, after bytes taken and given back."""
    held = most = 0
    for change in changes:
        held += change
        most = max(most, held)
    return most


@contextmanager
def allocations() -> Iterator[list[int]]:
    """The bytes that tensors take (and give back, negative) inside the block, in order; filled at its end."""
    from torch.profiler import ProfilerActivity, profile

    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # it tells on stderr that it starts
    changes: list[int] = []
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        yield changes
    profiler = recorded.profiler
    assert profiler is not None
    events = [e for e in profiler.kineto_results.events() if e.name() == "[memory]"]
    changes += [e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())]
