"""What came of a job: states, outcome classes, scores."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How an attempt ended.

    ``user`` and ``diverged`` are never tried again by themselves; ``environment`` does not count as a try.
    """

    OK = "ok"
    USER = "user"
    OOM = "oom"
    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    LOST = "lost"
    ENVIRONMENT = "environment"


class Lack(StrEnum):
    """What an attempt that ends as ``environment`` did not find: what else cannot be done on the machine.

    Without one of these, nothing is known but that this job met an error of the machine.
    """

    MODEL = "model"
    DATA = "data"
    DISK = "disk"
    DEVICE = "device"


FINAL_OUTCOMES = frozenset({Outcome.USER, Outcome.DIVERGED})
MAX_ATTEMPTS = 3

TRAINED = "train"
"""Stands for the evaluation set in what is measured on the rows that were trained on."""
EXPLAINED = "explained"
"""The share of the best constant prediction's loss that a model takes away; see ``training.evaluation``."""

RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("accuracy", "accuracy_label1", "f1"), (0.0, 1.0)),
    **dict.fromkeys(("matthews", "pearson", "spearman"), (-1.0, 1.0)),
    "mse": (0.0, math.inf),
    EXPLAINED: (-math.inf, 1.0),
}
"""The smallest and largest value of each metric; of others nothing is known."""


AT_CHANCE: Mapping[str, float] = {**dict.fromkeys(("matthews", "pearson", "spearman"), 0.0), "f1": 0.5}
"""What guessing scores, whatever the classes; an F1 of coin tosses on classes that are equally large."""


def chance(metric: str, classes: int) -> float | None:
    """What a model scores that tells nothing apart; None where that is not known.

    Args:
        metric: as stored.
        classes: how many there are; 0: not known, or a number is to be predicted.
    """
    if metric in ("accuracy", "accuracy_label1"):
        return 1 / classes if classes else None
    return AT_CHANCE.get(metric)


def in_range(metric: str, value: float) -> bool:
    """Whether a score can be; the last bits of a sum may stick out."""
    low, high = RANGES.get(metric, (-math.inf, math.inf))
    return math.isfinite(value) and low - 1e-6 <= value <= high + 1e-6


def lies_within(metric: str) -> str:
    """Where the values of a metric lie, to be added to what is said of one; "" where nothing is known."""
    low, high = RANGES.get(metric, (-math.inf, math.inf))
    return f", and {metric} lies from {low:g} to {high:g}" if metric in RANGES else ""


@dataclass(frozen=True)
class Score:
    """One number of an evaluation set, as a fraction (correlations: -1 to 1)."""

    evaluation: str
    metric: str
    value: float


@dataclass(frozen=True)
class CurvePoint:
    """One logged number of a run: ``loss`` or ``grad_norm`` at a step (from 1)."""

    run: str
    step: int
    name: str
    value: float


@dataclass(frozen=True)
class Predictions:
    """Logits of every row of an evaluation set: zlib-compressed float32, row-major (rows, outputs)."""

    run: str
    evaluation: str
    rows: int
    outputs: int
    logits: bytes

    @property
    def whole(self) -> bool:
        """Whether the logits are as many numbers as they say; no more than these are unpacked.

        They may come from anybody, and so be of any type.
        """
        values: tuple[object, ...] = (self.rows, self.outputs, self.logits)
        if tuple(map(type, values)) != (int, int, bytes) or self.rows < 1 or self.outputs < 1:
            return False
        size, unpack = 4 * self.rows * self.outputs, zlib.decompressobj()
        try:
            if size > 2**32 or len(unpack.decompress(self.logits, size + 1)) != size:
                return False
        except zlib.error:
            return False
        return unpack.eof and not unpack.unused_data


@dataclass(frozen=True)
class JobResult:
    """All that a finished attempt leaves behind.

    Attributes:
        provenance: versions, device, threads, digests of the affected rows, times in seconds.
    """

    scores: tuple[Score, ...] = ()
    curves: tuple[CurvePoint, ...] = ()
    predictions: tuple[Predictions, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
