"""Term: the time that a worker has, where a scheduler or ``--time`` sets an end to it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from ftbench.db import Kind
from ftbench.db.rows import Axes

RESERVE = 60.0  # seconds before the end at which checkpoints are due; a tenth of a short time
_MOST = 200  # kinds that a claim is told to pass over
_FRESH = 600.0  # seconds after which the durations are asked for again


class Term:
    """Which jobs still fit into a worker's time, and the alarm at its end.

    A job of a kind that was done before is begun only where it is likely to end in what is left. One that
    takes longer than all of the time is begun at any moment, and goes on from its checkpoints under the next.
    """

    def __init__(
        self,
        seconds: float,
        durations: Callable[[], Mapping[Axes, float]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin now.

        Args:
            seconds: until the end.
            durations: gives the seconds that jobs have taken.
            clock: seconds.
        """
        self._clock, self._durations = clock, durations
        self._whole = max(0.0, seconds - min(RESERVE, seconds / 10))
        self._end = clock() + self._whole
        self._known: Mapping[Axes, float] = {}
        self._known_until = 0.0

    @property
    def left(self) -> float:
        """Seconds until checkpoints are due."""
        return max(0.0, self._end - self._clock())

    def too_long(self) -> list[Kind]:
        """The kinds of jobs that would not end in what is left, and would in a term of their own."""
        now = self._clock()
        if now >= self._known_until:
            self._known, self._known_until = self._durations(), now + _FRESH
        left = self.left
        long = [
            Kind(model=of.model, task=of.task, method=of.method, train_size=of.train_size or 0)
            for of, seconds in self._known.items()
            if left < seconds <= self._whole
        ]
        return _coarser(long)


def _coarser(kinds: list[Kind]) -> list[Kind]:
    """Fewer kinds that hold these, and others beside them, where a query would grow too long."""
    for name in ("method", "train_size", "task", "model"):
        if len(kinds) <= _MOST:
            break
        kinds = list(dict.fromkeys(replace(kind, **{name: None}) for kind in kinds))
    return kinds


@contextmanager
def alarm(term: Term | None) -> Iterator[None]:
    """Have SIGALRM sent to this process when checkpoints are due, if ever."""
    if term is None:
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, max(term.left, 1e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
