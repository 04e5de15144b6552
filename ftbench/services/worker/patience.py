"""Patience: what a worker does where nothing is queued."""

from __future__ import annotations

from ftbench.db import Database, JobFilter
from ftbench.domain.result import State
from ftbench.services.worker.log import Journal
from ftbench.services.worker.progress import Progress

_events = Journal("queue")

_FIRST_POLL, _LAST_POLL = 0.1, 5.0  # seconds between two looks at an empty queue
_LOST_POLL = 0.5  # while jobs may come back from a worker that is gone


class Patience:
    """How long to wait where nothing is queued, and whether to wait at all."""

    def __init__(self, database: Database, progress: Progress, *, drain: bool) -> None:
        """Begin with short waits."""
        self._database, self._progress, self._drain = database, progress, drain
        self.refresh()

    def refresh(self) -> None:
        """There was work: begin anew."""
        self._seconds = _FIRST_POLL
        self._leases: dict[str, float | None] | None = None
        self._said = False

    def next(self, *, busy: bool) -> float | None:
        """Seconds until the next look; None where it is time to end.

        While the worker itself is busy with other jobs there is always a next look: they may come back.
        A draining worker ends when nothing is queued. It waits for no worker that lives, but for as long as
        a job that runs elsewhere has had no heartbeat since the first look: its worker may be gone, and the
        job come back once its lease is over.
        """
        if busy:
            self._seconds = min(2 * self._seconds, _LAST_POLL)
            return self._seconds
        rows = self._database.jobs.list(JobFilter(states=(State.RUNNING,)))
        running = {row.digest: row.expires for row in rows}
        if self._leases is None:
            self._leases = running
        if not self._drain:
            self._say("the queue is empty: waiting for jobs (Ctrl-C ends)")
            self._seconds = min(2 * self._seconds, _LAST_POLL)
            return self._seconds
        if any(self._leases.get(digest) == ends for digest, ends in running.items()):
            still = _jobs(len(running))
            self._say(f"the queue is empty; waiting to see whether other workers still run {still}")
            return _LOST_POLL
        elsewhere = f"; other workers still run {_jobs(len(running))}" if running else ""
        text = f"the queue is empty{elsewhere}"
        _events.info("drained", reason=text)
        self._progress.say(text)
        return None

    def _say(self, text: str) -> None:
        if not self._said:
            _events.info("idle", reason=text)
            self._progress.say(text)
        self._said = True


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
