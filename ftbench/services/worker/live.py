"""What a job that runs has come to, in a small file of the work folder: the board shows it meanwhile.

The database hears nothing of it. The worker writes the file, at most once a second; where that fails, the job
goes on, and nobody sees how far it is.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftbench.domain.events import Collector
from ftbench.domain.result import CurvePoint

EVERY = 1.0  # seconds between two writings
MOST = 4000  # points that are kept; a run logs some fifty of each number
_LARGEST = 1 << 20  # bytes of a file that is read
_LONGEST = 200  # characters of a name


@dataclass(frozen=True)
class LiveJob:
    """How far an attempt at a job is.

    Attributes:
        attempt: its number in the job's life.
        began: when training began, in seconds since 1970; None where nobody knows.
        told: when that was written, likewise.
        run: the training inside the job.
        step, total: updates made, and in all of the run.
        points: what was logged, in the order in which it was.
    """

    attempt: int
    began: float | None
    told: float
    run: str
    step: int
    total: int
    points: tuple[CurvePoint, ...] = ()

    @property
    def loss(self) -> float | None:
        """The loss that was logged last."""
        return next((point.value for point in reversed(self.points) if point.name == "loss"), None)


class LiveFile:
    """Writes how far one attempt is."""

    def __init__(self, path: Path, attempt: int) -> None:
        """Take the file; it is made when there is something to tell."""
        self._path, self._attempt, self._next = path, attempt, 0.0

    def tell(self, known: Collector) -> None:
        """Write what is known, unless that was done a moment ago; the last step is always written."""
        now = time.monotonic()
        if now < self._next and known.step != known.total:
            return
        self._next = now + EVERY
        points = [[p.run, p.step, p.name, p.value] for p in known.points[-MOST:]]
        told = {"attempt": self._attempt, "began": known.began, "told": time.time(), "run": known.run}
        text = json.dumps({**told, "step": known.step, "total": known.total, "points": points})
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # In place: a new file each second would be one more write of the folder to the disk.
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.ftruncate(file, os.pwrite(file, text.encode(), 0))
            finally:
                os.close(file)


def read_live(path: Path) -> LiveJob | None:
    """How far the attempt of a file is; None where nothing is told, or it is being written just now."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
        return _live(found)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return None


def _live(found: dict[str, Any]) -> LiveJob:
    """What a file says; a work folder may come from anybody.

    Raises:
        ValueError, TypeError, KeyError: something else than we write.
    """
    run, began = found["run"], found["began"]
    attempt, step, total = (int(found[name]) for name in ("attempt", "step", "total"))
    if not _is_name(run) or not 0 <= step <= total < 2**53:
        raise ValueError
    points = tuple(_points(found["points"]))
    return LiveJob(
        attempt, None if began is None else float(began), float(found["told"]), run, step, total, points
    )


def _points(told: Iterable[Any]) -> Iterable[CurvePoint]:
    for run, step, name, value in told:
        if not _is_name(run) or not _is_name(name):
            raise ValueError
        yield CurvePoint(run, int(step), name, float(value))


def _is_name(text: object) -> bool:
    return isinstance(text, str) and text.isprintable() and len(text) <= _LONGEST
