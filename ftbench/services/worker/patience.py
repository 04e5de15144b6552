"""Patience: what a worker does where nothing is queued."""

from __future__ import annotations

import time
from collections.abc import Callable

from ftbench.db import Database, JobFilter
from ftbench.domain.duration import span
from ftbench.domain.result import State
from ftbench.services.worker.log import Journal
from ftbench.services.worker.progress import Progress

_events = Journal("queue")

_FIRST_POLL, _LAST_POLL = 0.1, 5.0  # seconds between two looks at an empty queue
_LOST_POLL = 0.5  # while jobs may come back from a worker that is gone


class Patience:
    """How long to wait where nothing is queued, and whether to wait at all."""

    def __init__(
        self,
        database: Database,
        progress: Progress,
        *,
        drain: bool,
        idle: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with short waits.

        Args:
            database: whose queue it is.
            progress: takes what is said.
            drain: do not wait for jobs to be queued.
            idle: seconds without a job after which it is time to end; None: never.
            clock: seconds.
        """
        self._database, self._progress, self._drain = database, progress, drain
        self._idle, self._clock = idle, clock
        self._left = ""
        self.refresh()

    def refresh(self) -> None:
        """There was work: begin anew."""
        self._seconds = _FIRST_POLL
        self._leases: dict[str, float | None] | None = None
        self._said = ""
        self._since: float | None = None

    def next(self, *, busy: bool, left: str = "", pause: float | None = None) -> float | None:
        """Seconds until the next look; None where it is time to end.

        While the worker itself is busy with other jobs there is always a next look: they may come back.
        A draining worker ends when nothing is queued. It waits for no worker that lives, but for as long as
        a job that runs elsewhere has had no heartbeat since the first look: its worker may be gone, and the
        job come back once its lease is over.

        Args:
            busy: whether the worker has other jobs at hand.
            left: what is queued and cannot be done here; "" where nothing is queued.
            pause: seconds until some of that is tried again; None where waiting is of no use.
        """
        state = left or "the queue is empty"
        if busy:
            self._seconds, self._since = min(2 * self._seconds, _LAST_POLL), None
            return self._seconds
        if self._is_over():
            text = f"{state} for {span(self._idle)}: ending"
            _events.info("idle-end", reason=text)
            self._progress.say(text)
            return None
        rows = self._database.jobs.list(JobFilter(states=(State.RUNNING,)))
        running = {row.digest: row.expires for row in rows}
        if self._leases is None:
            self._leases = running
        if left and pause is not None:
            if left != self._left:  # work in between makes it no news
                self._left = left
                self._say(f"{left}; trying again from time to time (Ctrl-C ends)")
            return min(pause, _LAST_POLL)
        if not self._drain and not left:
            self._say("the queue is empty: waiting for jobs (Ctrl-C ends)")
            self._seconds = min(2 * self._seconds, _LAST_POLL)
            return self._seconds
        if self._drain and any(self._leases.get(digest) == ends for digest, ends in running.items()):
            still = _jobs(len(running))
            self._say(f"{state}; waiting to see whether other workers still run {still}")
            return _LOST_POLL
        elsewhere = f"; other workers still run {_jobs(len(running))}" if running else ""
        text = f"{state}{elsewhere}"
        _events.info("drained", reason=text)
        self._progress.say(text)
        return None

    def _is_over(self) -> bool:
        """Whether there was nothing to do for as long as is waited."""
        now = self._clock()
        self._since = now if self._since is None else self._since
        return self._idle is not None and now - self._since >= self._idle

    def _say(self, text: str) -> None:
        if text != self._said:
            _events.info("idle", reason=text)
            self._progress.say(text)
        self._said = text


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
