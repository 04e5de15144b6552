"""Provenance: what a job ran with, key by key as its record has it, and where columns of exports find it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict


class RunFacts(TypedDict, total=False):
    """What is recorded of one run inside a job.

    Attributes:
        total_steps: updates in all.
        rows: it trained on.
        parameters: numbers in all weights, those that the method added among them.
        trained: numbers among them that are trained.
        head_tensors: parameters of the new layers.
        head: digest of the new layers that training starts from, after the method has configured the model.
        order: digest of the order of rows in the first epoch.
        one_off_seconds: of what the method did once before the first step; missing where it was resumed.
        resumed_at: the update at which it went on; 0 from the start.
        skipped: in fp16, updates that were left out because a gradient overflowed.
    """

    total_steps: int
    rows: int
    parameters: int
    trained: int
    head_tensors: int
    head: str
    order: str
    one_off_seconds: float
    resumed_at: int
    skipped: int


class Provenance(TypedDict, total=False):
    """What an attempt ran with; the child says most of it, the worker what the child cannot know of itself.

    Attributes:
        runs: by the name of the run.
        digests: of rows, of those that were changed, and of the rankings behind them.
        method_digest: of the method's code.
        library: whose version is a part of the method's code, and the version: ``peft 0.21.2``.
        model_commit: of the hub's snapshot; "" for a folder.
        weights_prefix: a wrapper's, taken off the checkpoint's names.
        max_length: where the positions of the model are fewer than the recipe's, in tokens.
        parts: that each micro-batch was cut into, because memory ran out; missing where it did not.
        ftbench, python, torch, transformers, numpy: versions.
        device: ``cpu`` or ``cuda``; gpu, cuda: the card, and its library's version.
        precision: what the model computed in.
        threads: of the CPU; products: who multiplies matrices there.
        peak_memory_mb: of the GPU, or of the process, MiB.
        seconds: wall time by phase: ``model``, ``data``, ``training``, ``evaluation``.
        worker: who ran it; wall_seconds: of the whole attempt.
        exclusive: whether it had the machine to itself; slots: the most jobs at once beside it.
        git_commit, git_dirty: of the checkout that ftbench ran from.
        began: of ingested results, when their job was begun, by the clock there, in seconds since 1970.
    """

    runs: dict[str, RunFacts]
    digests: dict[str, str]
    method_digest: str
    library: str
    model_commit: str
    weights_prefix: str
    max_length: int
    parts: int
    ftbench: str
    python: str
    torch: str
    transformers: str
    numpy: str
    device: str
    gpu: str
    cuda: str | None
    precision: str
    threads: int
    products: str
    peak_memory_mb: int
    seconds: dict[str, float]
    worker: str
    wall_seconds: float
    exclusive: bool
    slots: int
    git_commit: str
    git_dirty: bool
    began: float


#: Column -> where the provenance has it.
RAN: Mapping[str, tuple[str, ...]] = {
    "wall_seconds": ("wall_seconds",),
    "training_seconds": ("seconds", "training"),
    "peak_memory_mb": ("peak_memory_mb",),
    "device": ("device",),
    "git_commit": ("git_commit",),
    "git_dirty": ("git_dirty",),
    "ftbench": ("ftbench",),
    "torch": ("torch",),
    "method_digest": ("method_digest",),
}
#: Those facts, and two more, that are numbers, or true or false; the others are texts.
NUMBERS = frozenset(
    [
        *(RAN[name] for name in ("wall_seconds", "training_seconds", "peak_memory_mb", "git_dirty")),
        ("threads",),
        ("exclusive",),
    ]
)
