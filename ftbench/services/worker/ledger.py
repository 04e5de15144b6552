"""The ledger: writes what comes of a worker's attempts into the database, and counts it."""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.db import Database, JobFilter, Moved
from ftbench.domain.events import End
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.provenance import Provenance
from ftbench.domain.result import Lack, Outcome, State
from ftbench.secrets import masked
from ftbench.services.worker import machine
from ftbench.services.worker.attempt import Attempt, Why
from ftbench.services.worker.insisting import Insisting
from ftbench.services.worker.log import Journal
from ftbench.services.worker.progress import Progress
from ftbench.services.worker.workdir import WorkDir

_events = Journal("ledger")
_BACK = "back in the queue"
_GONE = "the job is no longer in the database"


@dataclass
class Tally:
    """What a worker has done.

    Attributes:
        ended: attempts that came to an end of their own.
        signal: the exit code for the signal that ended the worker; 0 if none did.
        stuck: whether it ended with jobs in the queue that it cannot do.
    """

    ended: int = 0
    done: int = 0
    failed: int = 0
    signal: int = 0
    stuck: bool = False

    @property
    def exit_code(self) -> int:
        """For the shell: 0, 1 where a job failed for good or cannot be done here, or as the signal says."""
        return self.signal or (1 if self.failed or self.stuck else 0)


class Ledger:
    """Records each attempt's end exactly once.

    Attributes:
        tally: what was recorded.
    """

    def __init__(
        self, database: Database, progress: Progress, folder: WorkDir, worker: str, insist: Insisting
    ) -> None:
        """Write for one worker."""
        self._insist = insist
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
            self.give_back(attempt, attempt.why.value, _BACK)
        elif attempt.why is None and end.kind == "stopped":
            self.give_back(attempt, "somebody else asked the training process to stop", _BACK)
        else:
            self._failed(attempt, end)

    def give_back(self, attempt: Attempt, reason: str, detail: str | None = None) -> None:
        """Put the job back into the queue, as if it had not been tried.

        Args:
            attempt: at the job.
            reason: why, for the log.
            detail: what the display says of it; the reason where nothing is given.
        """
        held = self._insist(lambda: self._database.jobs.release(attempt.claim))
        event = "released" if held else "dropped"
        attempt.events.info(event, reason=reason, seconds=round(attempt.seconds, 1))
        self._insist(attempt.count)
        self._progress.ended(attempt.claim.digest, "released", attempt.seconds, detail or reason)

    def _done(self, attempt: Attempt) -> None:
        self._insist(attempt.count)
        result = attempt.collector.result(self._facts(attempt))
        if not self._insist(lambda: self._database.jobs.finish(attempt.claim, result)):
            self._dropped(attempt)
            return
        self.tally.done += 1
        attempt.events.info("finished", outcome=Outcome.OK, seconds=round(attempt.seconds, 1))
        self._folder.forget(attempt.claim.digest)
        self._ended(attempt, "done")

    def _failed(self, attempt: Attempt, end: End) -> None:
        self._insist(attempt.count)
        outcome, message = end.outcome, end.message
        if attempt.why is Why.TIMEOUT and end.kind != "failed":
            outcome, message = Outcome.TIMEOUT, f"no end after {attempt.seconds / 60:.3g} minutes (--timeout)"
        message, trace = masked(message), masked(end.traceback)
        facts = attempt.collector.result(self._facts(attempt)).provenance
        state = self._insist(
            lambda: self._database.jobs.fail(attempt.claim, outcome, message, trace, facts, final=end.final)
        )
        told = {"outcome": outcome, "reason": message, "seconds": round(attempt.seconds, 1)}
        if state is None:
            self._dropped(attempt)
        elif state is State.FAILED:
            attempt.events.error("failed", **told)
            self.tally.failed += 1
            self._folder.forget(attempt.claim.digest)
            self._ended(attempt, "failed", f"{outcome}: {message}")
        else:
            attempt.events.warning("queued-again", **told)
            # What is missing is told once, when nothing else can be done.
            brief = f"{end.lack} missing" if end.lack in (Lack.MODEL, Lack.DATA) else message
            self._ended(attempt, "again", f"{outcome}: {brief}")

    def _dropped(self, attempt: Attempt) -> None:
        """The job is not ours any more; nothing is recorded."""
        digest = attempt.claim.digest
        rows = self._insist(lambda: self._database.jobs.list(JobFilter(digests=(digest,))))
        row = next(iter(rows), None)
        if row is None:
            attempt.events.warning("dropped", reason=_GONE)
            self._folder.forget(digest)
            self._ended(attempt, "dropped", _GONE)
            return
        cancelled = row.state is State.CANCELLED
        over = row.state in (State.CANCELLED, State.DONE, State.FAILED)
        reason = "cancelled" if cancelled else "the lease was lost: another worker may have the job"
        attempt.events.warning("dropped", reason=reason, state=row.state, owner=row.owner)
        if over:  # whoever ended it, what its training process wrote since then is left
            self._folder.forget(digest)
        self._ended(attempt, "dropped", reason)

    def _ended(self, attempt: Attempt, how: str, detail: str = "") -> None:
        self.tally.ended += 1
        self._progress.counted(self._insist(self._database.jobs.counts))
        self._progress.ended(attempt.claim.digest, how, attempt.seconds, detail)

    def _facts(self, attempt: Attempt) -> Provenance:
        """What the training process cannot know of itself."""
        return {
            **self._code,
            "worker": self._worker,
            "wall_seconds": round(attempt.seconds, 3),
            "exclusive": attempt.exclusive,
            "slots": attempt.packed,
        }


def tell_moved(moved: Moved) -> None:
    """A claim has moved another job than its own."""
    told = {"job": moved.digest[:SHORT_DIGEST], "owner": moved.owner, "state": moved.state}
    _events.warning("taken-back" if moved.owner else "unreadable", **told, reason=moved.reason)
