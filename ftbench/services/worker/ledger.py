"""The ledger: writes what comes of a worker's attempts into the database, and counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ftbench.db import Database, JobFilter
from ftbench.domain.events import End
from ftbench.domain.result import Outcome, State
from ftbench.errors import DatabaseBusy
from ftbench.hub import without_tokens
from ftbench.services.worker import machine
from ftbench.services.worker.attempt import Attempt, Why
from ftbench.services.worker.progress import Progress
from ftbench.services.worker.workdir import WorkDir

T = TypeVar("T")

_TRIES = 3  # at a result that meets a locked database; each waits for the lock


@dataclass
class Tally:
    """What a worker has done.

    Attributes:
        ended: attempts that came to an end of their own.
        signal: the exit code for the signal that ended the worker; 0 if none did.
    """

    ended: int = 0
    done: int = 0
    failed: int = 0
    signal: int = 0

    @property
    def exit_code(self) -> int:
        """For the shell: 0, 1 where a job failed for good, or as the signal says."""
        return self.signal or (1 if self.failed else 0)


class Ledger:
    """Records each attempt's end exactly once.

    Attributes:
        tally: what was recorded.
    """

    def __init__(self, database: Database, progress: Progress, folder: WorkDir, worker: str) -> None:
        """Write for one worker."""
        self.tally = Tally()
        self._database, self._progress, self._folder, self._worker = database, progress, folder, worker
        self._code = machine.code_version()

    def settle(self, attempt: Attempt, end: End) -> None:
        """Record what came of an attempt that the training process took on."""
        if attempt.why is Why.LOST:
            self._dropped(attempt)
        elif end.kind == "done":
            self._done(attempt)
        elif attempt.why is Why.SIGNAL and end.kind != "failed":
            self.give_back(attempt)
        elif attempt.why is None and end.kind == "stopped":  # somebody else asked it to stop
            self.give_back(attempt)
        else:
            self._failed(attempt, end)

    def give_back(self, attempt: Attempt, detail: str = "back in the queue") -> None:
        """Put the job back into the queue, as if it had not been tried."""
        self._insist(lambda: self._database.jobs.release(attempt.claim))
        attempt.count()
        self._progress.ended(attempt.claim.digest, "released", attempt.seconds, detail)

    def _done(self, attempt: Attempt) -> None:
        self._insist(attempt.count)
        result = attempt.collector.result(self._facts(attempt))
        if not self._insist(lambda: self._database.jobs.finish(attempt.claim, result)):
            self._dropped(attempt)
            return
        self.tally.done += 1
        self._folder.forget(attempt.claim.digest)
        self._ended(attempt, "done")

    def _failed(self, attempt: Attempt, end: End) -> None:
        self._insist(attempt.count)
        outcome, message = end.outcome, end.message
        if attempt.why is Why.TIMEOUT and end.kind != "failed":
            outcome, message = Outcome.TIMEOUT, f"no end after {attempt.seconds / 60:.3g} minutes (--timeout)"
        message, trace = without_tokens(message), without_tokens(end.traceback)
        facts = attempt.collector.result(self._facts(attempt)).provenance
        state = self._insist(lambda: self._database.jobs.fail(attempt.claim, outcome, message, trace, facts))
        if state is None:
            self._dropped(attempt)
        elif state is State.FAILED:
            self.tally.failed += 1
            self._folder.forget(attempt.claim.digest)
            self._ended(attempt, "failed", f"{outcome}: {message}")
        else:
            self._ended(attempt, "again", f"{outcome}: {message}")

    def _dropped(self, attempt: Attempt) -> None:
        """The job is not ours any more; nothing is recorded."""
        (row,) = self._database.jobs.list(JobFilter(digests=(attempt.claim.digest,)))
        if row.state is State.CANCELLED:
            self._folder.forget(row.digest)
            self._ended(attempt, "dropped", "cancelled")
        else:
            self._ended(attempt, "dropped", "the lease was lost: another worker may have the job")

    def _ended(self, attempt: Attempt, how: str, detail: str = "") -> None:
        self.tally.ended += 1
        self._progress.counted(self._database.jobs.counts())
        self._progress.ended(attempt.claim.digest, how, attempt.seconds, detail)

    def _facts(self, attempt: Attempt) -> dict[str, Any]:
        """What the training process cannot know of itself."""
        return {
            **self._code,
            "worker": self._worker,
            "wall_seconds": round(attempt.seconds, 3),
            "exclusive": attempt.exclusive,
            "slots": attempt.packed,
        }

    def _insist(self, write: Callable[[], T]) -> T:
        """Write, again where another program holds the lock for longer than one waits for it."""
        for _ in range(_TRIES - 1):
            try:
                return write()
            except DatabaseBusy:
                continue
        return write()
