"""Worker: claims jobs, hands each to the training process, and records what comes of it.

It is the only writer of the database and never loads torch; the training process trains and never sees the
database. Everything happens in one thread, which waits in ``poll``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ftbench import settings
from ftbench.db import Claim, Database, JobFilter
from ftbench.domain.result import Outcome, State
from ftbench.errors import BadValue, DatabaseBusy, DatabaseError, FtbenchError
from ftbench.services import joblog, machine
from ftbench.services.attempt import Attempt, Why
from ftbench.services.child import COMMAND, Child, wait
from ftbench.services.events import End
from ftbench.services.joblog import JobLog
from ftbench.services.patience import Patience
from ftbench.services.progress import Progress, job_words
from ftbench.services.signals import Signals
from ftbench.services.workdir import WorkDir

T = TypeVar("T")

_FALSE_STARTS = 3  # deaths before a job was taken on, one after another, until the machine is to blame
_TRIES = 3  # at a result that meets a locked database; each waits for the lock


@dataclass(frozen=True)
class Options:
    """How a worker works.

    Attributes:
        name: what the attempts are recorded under.
        device: ``cpu`` or ``cuda:N``.
        threads: CPU threads to train with; see ``fixed_threads``.
        lease: seconds without a heartbeat after which a job counts as lost; heartbeats come three times as
            often.
        drain: end when nothing is queued, instead of waiting for more.
        max_jobs: end after so many attempts.
        timeout: seconds that an attempt may take.
        data_dir: where the data of jobs from a folder are on this machine.
        grace: seconds for a checkpoint before the training process is killed.
        command: program and arguments of the training process.
    """

    name: str
    device: str = "cpu"
    threads: int = 1
    lease: float = 60.0
    drain: bool = False
    max_jobs: int | None = None
    timeout: float | None = None
    data_dir: Path | None = None
    grace: float = 60.0
    command: Sequence[str] = COMMAND


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


def fixed_threads(database: Database, given: int | None) -> int:
    """The number of threads that a database's jobs train with: fixed by its first worker.

    One thread and two give scores that differ in their last bits.

    Raises:
        BadValue: another number was given.
    """
    if given is not None and given < 1:
        raise BadValue(f"--threads {given}: give 1 or more")
    fixed = int(database.setting("threads", str(given or machine.default_threads())))
    if given is not None and given != fixed:
        raise BadValue(
            f"--threads {given}: the jobs of this database train with {fixed}, as with its first worker, so "
            "that scores agree to the last bit; leave --threads out, or use another database"
        )
    return fixed


class Worker:
    """Takes job after job; see ``run``."""

    def __init__(self, database: Database, options: Options, progress: Progress) -> None:
        """Work on a database that is open for writing."""
        self._database, self._options, self._progress = database, options, progress
        self._signals = Signals()
        self._folder = WorkDir(database.address)
        self._code = machine.code_version()
        self._child: Child | None = None
        self._false_starts = 0
        self._tally = Tally()

    def run(self) -> Tally:
        """Work until the queue is drained, enough is done, or a signal comes.

        Raises:
            DatabaseError: the database cannot be written any more.
            FtbenchError: the disk is full, or the training process does not start.
        """
        with self._signals:
            try:
                self._folder.sweep(self._database)
                self._loop()
            except OSError as error:
                where = f" {error.filename}" if error.filename else ""
                raise FtbenchError(f"the worker stopped:{where} {error.strerror or error}") from error
            finally:
                if self._child is not None:
                    self._child.close()
                self._progress.close()
        self._tally.signal = self._signals.exit_code
        return self._tally

    def _loop(self) -> None:
        patience = Patience(self._database, self._progress, drain=self._options.drain)
        while not self._signals.received:
            if self._options.max_jobs is not None and self._tally.ended >= self._options.max_jobs:
                self._progress.say(f"stopping after {self._tally.ended} jobs")
                return
            claim = self._database.jobs.claim(self._options.name, self._options.lease)
            if claim is not None:
                patience.refresh()
                self._work(claim)
                continue
            seconds = patience.next()
            if seconds is None:
                return
            wait(None, [self._signals.fileno], seconds)
            self._signals.clear()

    def _work(self, claim: Claim) -> None:
        """Bring one claim to its end; whatever happens, the job is not kept."""
        try:
            if self._signals.received:
                self._database.jobs.release(claim)
                return
            header = f"attempt {claim.attempt}, {self._options.name}"
            log = JobLog(self._folder.log(claim.digest), header)
            child = self._ready_child(log)
            attempt = Attempt(
                claim,
                child,
                log,
                database=self._database,
                signals=self._signals,
                progress=self._progress,
                lease=self._options.lease,
                timeout=self._options.timeout,
                grace=self._options.grace,
            )
            attempt.count()
            self._progress.started(claim.digest, job_words(claim.job, claim.label))
            end = attempt.run(self._command(claim, log))
            # After an error of the machine the process may be of no use to any job: one of CUDA's stays with
            # the process that had it.
            if end.kind in ("died", "garbage") or end.outcome is Outcome.ENVIRONMENT:
                self._end_child()
            self._settle(attempt, end)
        except BaseException:
            if self._child is not None:
                self._child.kill()
            try:
                self._database.jobs.release(claim)
            except DatabaseError:
                pass  # its lease runs out by itself
            raise

    def _ready_child(self, log: JobLog) -> Child:
        """The training process; a fresh one where there is none, or it has died while it waited."""
        if self._child is not None and self._child.poll() is not None:
            self._end_child()
        if self._child is None:
            self._child = Child(log.path, command=self._options.command)
        return self._child

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _command(self, claim: Claim, log: JobLog) -> dict[str, Any]:
        folder = self._folder.checkpoints(claim.digest)
        folder.mkdir(parents=True, exist_ok=True)
        return {
            "op": "run",
            "digest": claim.digest,
            "job": claim.job.canonical(),
            "places": self._places(claim),
            "workdir": str(folder),
            "log": str(log.path),
            "threads": self._options.threads,
            "device": self._options.device,
            "checkpoint_seconds": settings.checkpoint_seconds(),
        }

    def _places(self, claim: Claim) -> dict[str, Any]:
        """Where things are here: data of a folder may lie elsewhere than where the job was queued."""
        places = dict(claim.places)
        revisions = (claim.job.data_revision, *claim.job.others.values())
        if any(revision.startswith("sha256:") for revision in revisions):
            places["data"] = settings.data_here(places.get("data"), self._options.data_dir)
        return places

    def _settle(self, attempt: Attempt, end: End) -> None:
        """Record what came of an attempt."""
        if attempt.why is Why.LOST:
            self._dropped(attempt)
        elif end.kind == "done":
            self._done(attempt)
        elif attempt.why is None and end.kind == "died" and not attempt.collector.started:
            self._false_start(attempt, end)
        elif attempt.why is Why.SIGNAL and end.kind != "failed":
            self._released(attempt)
        elif attempt.why is None and end.kind == "stopped":  # somebody else asked it to stop
            self._released(attempt)
        else:
            self._failed(attempt, end)
        if attempt.collector.started:
            self._false_starts = 0

    def _done(self, attempt: Attempt) -> None:
        self._insist(attempt.count)
        result = attempt.collector.result(self._facts(attempt))
        if not self._insist(lambda: self._database.jobs.finish(attempt.claim, result)):
            self._dropped(attempt)
            return
        self._tally.done += 1
        self._folder.forget(attempt.claim.digest)
        self._ended(attempt, "done")

    def _failed(self, attempt: Attempt, end: End) -> None:
        self._insist(attempt.count)
        outcome, message = end.outcome, end.message
        if attempt.why is Why.TIMEOUT and end.kind != "failed":
            outcome, message = Outcome.TIMEOUT, f"no end after {attempt.seconds / 60:.3g} minutes (--timeout)"
        message, trace = joblog.without_tokens(message), joblog.without_tokens(end.traceback)
        facts = attempt.collector.result(self._facts(attempt)).provenance
        state = self._insist(lambda: self._database.jobs.fail(attempt.claim, outcome, message, trace, facts))
        if state is None:
            self._dropped(attempt)
        elif state is State.FAILED:
            self._tally.failed += 1
            self._folder.forget(attempt.claim.digest)
            self._ended(attempt, "failed", f"{outcome}: {message}")
        else:
            self._ended(attempt, "again", f"{outcome}: {message}")

    def _false_start(self, attempt: Attempt, end: End) -> None:
        """The training process died before it took the job on: not the job's fault, so it does not pay."""
        self._database.jobs.release(attempt.claim)
        self._false_starts += 1
        if self._false_starts >= _FALSE_STARTS:
            raise FtbenchError(f"the training process does not start: {end.message}; log: {attempt.log.path}")
        self._progress.say(f"{end.message}; starting another")

    def _released(self, attempt: Attempt) -> None:
        self._insist(lambda: self._database.jobs.release(attempt.claim))
        attempt.count()
        self._progress.ended("released", attempt.seconds, "back in the queue")

    def _dropped(self, attempt: Attempt) -> None:
        """The job is not ours any more; nothing is recorded."""
        (row,) = self._database.jobs.list(JobFilter(digests=(attempt.claim.digest,)))
        if row.state is State.CANCELLED:
            self._folder.forget(row.digest)
            self._ended(attempt, "dropped", "cancelled")
        else:
            self._ended(attempt, "dropped", "the lease was lost: another worker may have the job")

    def _ended(self, attempt: Attempt, how: str, detail: str = "") -> None:
        self._tally.ended += 1
        self._progress.counted(self._database.jobs.counts())
        self._progress.ended(how, attempt.seconds, detail)

    def _facts(self, attempt: Attempt) -> dict[str, Any]:
        """What the training process cannot know of itself."""
        return {
            **self._code,
            "worker": self._options.name,
            "wall_seconds": round(attempt.seconds, 3),
            "exclusive": attempt.exclusive,
        }

    def _insist(self, write: Callable[[], T]) -> T:
        """Write, again where another program holds the lock for longer than one waits for it."""
        for _ in range(_TRIES - 1):
            try:
                return write()
            except DatabaseBusy:
                continue
        return write()


def worker_name() -> str:
    """The name of this process among the workers: ``FTBENCH_WORKER``, or by its process id."""
    return os.environ.get("FTBENCH_WORKER") or f"worker-{os.getpid()}"
