"""One attempt: a claimed job in the hands of the training process, until it has ended one way or another."""

from __future__ import annotations

import signal
import time
from enum import Enum

from ftbench.db import Database, Lease
from ftbench.domain.events import Collector, End
from ftbench.domain.result import Outcome, State
from ftbench.errors import DatabaseBusy, ProtocolError
from ftbench.metrics import score_bounds
from ftbench.services.worker import joblog, machine
from ftbench.services.worker.child import Child, obituary
from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.live import LiveFile
from ftbench.services.worker.log import Journal
from ftbench.services.worker.progress import Progress
from ftbench.services.worker.pulse import Pulse

NEVER = float("inf")
_LOG = 2.0  # seconds between two looks at the job's log
_AGAIN = 1.0  # seconds until a heartbeat that met a locked database is tried again


class Why(Enum):
    """Why the training process was asked to stop."""

    SIGNAL = "a signal to the worker"
    LOST = "the job is no longer this worker's"
    TIMEOUT = "no end within --timeout"
    HUNG = "no progress"


class Attempt:
    """Follows a job to its end: gathers its events, keeps the lease, and passes on what stops it.

    Nothing here waits: ``look`` does what is due, and is to be called again when the training process has
    something to read, or ``patience`` is over. Progress keeps the lease: a training process that lives but
    does not get on is ended; see ``Pulse``.

    Attributes:
        claim: the job.
        child: the training process.
        collector: what it has sent.
        why: why it was asked to stop, None if it was not.
        events: takes what happens to it.
        packed: the most attempts, this one among them, that its worker had at once meanwhile.
    """

    def __init__(
        self,
        claim: Lease,
        child: Child,
        log: JobLog,
        *,
        live: LiveFile,
        database: Database,
        progress: Progress,
        lease: float,
        timeout: float | None,
        grace: float,
    ) -> None:
        """Take everything; see ``Options`` for ``lease``, ``timeout`` and ``grace`` (seconds)."""
        self.claim, self.child, self.log, self._live = claim, child, log, live
        self.collector = Collector(claim.digest, score_bounds)
        self.events = Journal("attempt").of(claim)
        self.why: Why | None = None
        self.packed = 1
        self._others, self._told = False, 0
        self._database, self._progress = database, progress
        self._lease, self._grace = lease, grace
        self._pulse = Pulse(child.pid)
        self._kills = machine.memory_kills()
        self._begun = time.monotonic()
        self._log_at = self._begun + _LOG
        self._beat_at = self._begun + lease / 3
        self._timeout_at = NEVER if timeout is None else self._begun + timeout
        self._kill_at = NEVER

    @property
    def seconds(self) -> float:
        """How long the attempt has lasted."""
        return time.monotonic() - self._begun

    @property
    def exclusive(self) -> bool:
        """Whether it had the machine to itself, as far as the database tells: no other job was running."""
        return self.packed == 1 and not self._others

    @property
    def patience(self) -> float:
        """Seconds until something is due; ``look`` may come sooner."""
        beat = NEVER if self.why is Why.LOST else self._beat_at
        return min(self._timeout_at, self._kill_at, beat, self._log_at) - time.monotonic()

    def look(self) -> End | None:
        """Do what is due, and take in what the training process has sent.

        Returns:
            The end of the job: what the training process said, or an end of the kind ``died`` (it did) or
            ``garbage`` (what it sent is no event; it has been killed). None while the job goes on.

        Raises:
            DatabaseError: a heartbeat could not be written.
        """
        self._keep_lease()
        self._keep_time()
        self._keep_log()
        code = self.child.poll()  # before reading: what it sent before it died counts
        try:
            for event in self.child.receive(everything=code is not None):
                end = self.collector.take(event)
                if end is not None:
                    return end
                self._heard(str(event["event"]))
        except ProtocolError as error:
            self.child.kill()
            message = f"the training process sent {error}"
            return End("garbage", Outcome.LOST, message, self.log.tail())
        if code is not None or self.child.silent:
            return self._death(self.child.close())
        return None

    def _heard(self, event: str) -> None:
        if event == "progress":
            known = self.collector
            self._pulse.heard(known.run, known.step, known.total)
            self._live.tell(known)
            if new := known.points[self._told :]:
                self._told = len(known.points)
                self._progress.points(self.claim.digest, new)
            self._progress.step(self.claim.digest, known.run, known.step, known.total)
        elif event == "ready":
            self.events.info("child-ready", child=self.child.pid)
        elif event == "started":
            self.events.info("training", child=self.child.pid)
            if self.why is not None:
                self.child.stop()

    def stop(self, why: Why) -> None:
        """Ask the training process for a checkpoint and an end; it is killed where that takes too long.

        Args:
            why: the first reason stays, but where the job is lost nothing of it is ours to record any more.
        """
        if self.why is None or (why is Why.LOST and self.why is not Why.LOST):
            self.why = why
            self.events.info("stopping", child=self.child.pid, reason=why.value)
            self._kill_at = min(self._kill_at, time.monotonic() + self._grace)
            if self.collector.started:  # else it would be asked before it listens, or for the job before
                self.child.stop()

    def count(self) -> None:
        """Look at where the database's jobs stand: for the display, and to see whether this one is alone."""
        counts = self._database.jobs.counts()
        self._others = self._others or counts.get(State.RUNNING, 0) > 1
        self._progress.counted(counts)

    def _keep_lease(self) -> None:
        if self.why is Why.LOST or time.monotonic() < self._beat_at:
            return
        still = self._pulse.stood_still()
        if still is not None and self.why is None:
            self.why = Why.HUNG
            self.events.warning("killed", child=self.child.pid, reason=f"no progress for {still:.0f} s")
            self.child.kill()
        try:
            held = self._database.jobs.heartbeat(self.claim, self._lease)
            self.count()
        except DatabaseBusy as error:  # the lease may still be ours: the next that gets through tells
            self.events.warning("heartbeat-missed", reason=error)
            self._beat_at = time.monotonic() + min(_AGAIN, self._lease / 3)
            return
        self._beat_at = time.monotonic() + self._lease / 3
        if not held:
            self.events.warning("lease-lost", reason="cancelled, or taken back after a silence")
            self.stop(Why.LOST)

    def _keep_time(self) -> None:
        now = time.monotonic()
        if now >= self._timeout_at:
            self._timeout_at = NEVER
            self.stop(Why.TIMEOUT)
        if now >= self._kill_at:
            self._kill_at = NEVER
            self.events.warning("killed", child=self.child.pid, reason=f"no end after {self._grace:g} s")
            self.child.kill()

    def _keep_log(self) -> None:
        if time.monotonic() >= self._log_at:
            self._log_at = time.monotonic() + _LOG
            self.log.keep()

    def _death(self, code: int) -> End:
        words = "the training process stopped answering" if self.child.killed else obituary(code)
        if self.why is Why.HUNG:
            words = "the training process made no progress any more, and was ended"
        tail = self.log.tail()
        starved = code == -signal.SIGKILL and not self.child.killed and machine.memory_kills() > self._kills
        memory = starved or joblog.out_of_memory(tail)
        line = joblog.last_line(tail)
        message = f"{words}; the log ends with: {line}" if line else words
        self.events.warning("child-died", child=self.child.pid, reason=message)
        return End("died", Outcome.OOM if memory else Outcome.LOST, message, tail)
