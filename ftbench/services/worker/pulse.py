"""Pulse: whether a training process gets on with its job, or hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

LEAST = 60.0  # seconds without progress that are always allowed
BUSY = 600.0  # seconds within one step that are allowed where the process computes all the time
TIMES = 20.0  # the longest time between two steps that were told, which is allowed as often


def cpu_ticks(pid: int) -> int | None:
    """The processor time that a process has used, in ticks; None where the system does not tell."""
    try:
        fields = Path("/proc", str(pid), "stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, IndexError, ValueError):
        return None


class Pulse:
    """Watches one attempt. A process that lives need not get on: it may be stopped, or wait for itself.

    While steps are made, the longest time between two that were told so far sets the limit. Before the first
    and after the last one (data are read, a model is loaded or scored) nothing is known of how long it takes:
    there it counts as progress where the process computes at all. Within a step that counts for a while, too:
    a checkpoint is written, or memory is short.
    """

    def __init__(
        self,
        pid: int,
        clock: Callable[[], float] = time.monotonic,
        ticks: Callable[[int], int | None] = cpu_ticks,
    ) -> None:
        """Begin now.

        Args:
            pid: of the training process.
            clock: seconds, of a clock that is never set.
            ticks: the processor time of a process.
        """
        self._pid, self._clock, self._ticks = pid, clock, ticks
        self._moved = self._computed = clock()
        self._longest = 0.0
        self._place: tuple[str, int] = ("", 0)
        self._within = False
        self._used = ticks(pid)

    def heard(self, run: str, step: int, total: int) -> None:
        """A step of a run was told."""
        if (run, step) == self._place:
            return
        now = self._clock()
        if run == self._place[0]:
            self._longest = max(self._longest, now - self._moved)
        self._place, self._moved, self._within = (run, step), now, 0 < step < total

    def stood_still(self) -> float | None:
        """Seconds without progress, where they are too many; None while it gets on."""
        now, used = self._clock(), self._ticks(self._pid)
        if used is None or used != self._used:
            self._used, self._computed = used, now
        idle, still = now - max(self._moved, self._computed), now - self._moved
        limit = max(LEAST, TIMES * self._longest) if self._within else LEAST
        if idle > limit:
            return idle
        return still if self._within and still > max(BUSY, limit) else None
