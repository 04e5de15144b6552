"""Worker: claims jobs, hands each to a training process, and records what comes of it.

It is the only writer of the database and never loads torch; the training processes train and never see the
database. There are as many as the worker has slots, and everything happens in one thread, which waits in
``poll`` for all of them.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

from ftbench.db import Database, Lease
from ftbench.domain.events import End
from ftbench.domain.places import unresolved
from ftbench.domain.result import Outcome
from ftbench.errors import DatabaseError, FtbenchError
from ftbench.services.worker.attempt import NEVER, Attempt, Why
from ftbench.services.worker.child import wait
from ftbench.services.worker.handover import command, parts_of
from ftbench.services.worker.insisting import Insisting
from ftbench.services.worker.intake import Intake
from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.ledger import Ledger, Tally
from ftbench.services.worker.live import LiveFile
from ftbench.services.worker.log import Journal
from ftbench.services.worker.mps import Mps
from ftbench.services.worker.named import NamedFiles
from ftbench.services.worker.options import Options
from ftbench.services.worker.packing import Packing
from ftbench.services.worker.progress import Progress, job_words
from ftbench.services.worker.signals import Signals
from ftbench.services.worker.slot import Slot
from ftbench.services.worker.term import Term, alarm
from ftbench.services.worker.threads import most_slots, too_many
from ftbench.services.worker.workdir import WorkDir

_events = Journal("worker")
_SOON, _LATER = 1.0, 5.0  # seconds for an idle training process to end by itself
_FALSE_STARTS = 3  # deaths before a job was taken on, one after another, until the machine is to blame


class Worker:
    """Takes job after job; see ``run``."""

    def __init__(self, database: Database, options: Options, progress: Progress) -> None:
        """Work on a database that is open for writing."""
        self._database, self._options, self._progress = database, options, progress
        self._signals = Signals()
        self._folder = WorkDir(database.address)
        self._insist = Insisting(progress.say, lambda: bool(self._signals.received))
        self._ledger = Ledger(database, progress, self._folder, options.name, self._insist)
        self._mps = Mps(self._folder.path)
        self._named = NamedFiles(options.methods, progress.say)
        self._term = Term(options.seconds, database.jobs.durations) if options.seconds is not None else None
        self._intake = Intake(database, options, progress, self._named, self._term)
        self._packing = Packing(options.slots, most_slots(options.device, options.threads))
        self._slots: list[Slot] = []

    def run(self) -> Tally:
        """Work until the queue is drained, enough is done, or a signal comes.

        Raises:
            DatabaseError: the database cannot be written any more.
            FtbenchError: the disk is full, or the training process does not start.
        """
        with self._signals, alarm(self._term):
            try:
                _events.info("started", **self._options.told())
                self._insist(lambda: self._folder.sweep(self._database))
                self._share()
                self._loop()
            except OSError as error:
                self._abandon(error)
                where = f" {error.filename}" if error.filename else ""
                raise FtbenchError(f"the worker stopped:{where} {error.strerror or error}") from error
            except BaseException as error:
                self._abandon(error)
                raise
            finally:
                self._end()
        tally = self.tally
        tally.signal, tally.stuck = self._signals.exit_code, self._intake.stuck
        tally.timed_out = self._signals.timed_out or self._intake.timed_out
        return tally

    @property
    def tally(self) -> Tally:
        """What it has done so far."""
        return self._ledger.tally

    def _share(self) -> None:
        """Arrange for several training processes on one device, and say what is to be known of it."""
        if self._options.slots == 1:
            return
        if self._options.device != "cpu":
            self._progress.say(self._mps.start())
        words = too_many(self._options.device, self._options.threads, self._options.slots or 1)
        if words is not None:
            self._progress.say(words)

    def _loop(self) -> None:
        while True:
            seconds = self._fill()
            busy = self._busy()
            if seconds is None and not busy:
                return
            words = self._packing.look(len(busy), time.monotonic())
            if words is not None:
                _events.info("slots", slots=self._packing.slots, reason=words)
                self._progress.say(words)
                continue  # there may be slots to fill
            moments = [seconds, self._progress.interval, *(attempt.patience for _, attempt in busy)]
            until = min((moment for moment in moments if moment is not None), default=NEVER)
            wait([attempt.child for _, attempt in busy], [self._signals.fileno], until)
            self._heed_signals()
            for slot, attempt in busy:
                end = attempt.look()
                self._measure(attempt)
                if end is not None:
                    self._close(slot, attempt, end)
            self._progress.tick()

    def _busy(self) -> list[tuple[Slot, Attempt]]:
        return [(slot, slot.attempt) for slot in self._slots if slot.attempt is not None]

    def _heed_signals(self) -> None:
        self._tell_signals()
        if not self._signals.received:
            return
        busy = self._busy()
        if any(attempt.why is None for _, attempt in busy):
            words = "the job writes a checkpoint" if len(busy) == 1 else "the jobs write checkpoints"
            end = "its time is over" if self._signals.timed_out else "stopping"
            self._progress.say(f"{end}: {words} first (once more to stop at once)")
        for _, attempt in busy:
            attempt.stop(Why.SIGNAL)
            if len(self._signals.received) > 1:
                attempt.child.kill()

    def _tell_signals(self) -> None:
        for number in self._signals.news():
            _events.warning("signal", signal=number.name)

    def _measure(self, attempt: Attempt) -> None:
        known = attempt.collector
        if known.total:
            self._packing.progress(known.digest, known.run, known.step, known.memory)

    def _fill(self) -> float | None:
        """Give every free slot a job.

        Returns:
            Seconds until there may be more to give; None where no more is to be taken.
        """
        most, tally = self._options.max_jobs, self._ledger.tally
        while not self._signals.received:
            busy = len(self._busy())
            if most is not None and tally.ended + busy >= most:
                if not busy:
                    _events.info("enough", jobs=tally.ended)
                    self._progress.say(f"stopping after {tally.ended} jobs")
                return None
            slot = self._free_slot()
            if slot is None:
                return NEVER
            claim = self._intake.take(busy=busy > 0)
            if not isinstance(claim, Lease):
                return claim
            self._work(slot, claim)
        return None

    def _free_slot(self) -> Slot | None:
        """A slot without a job, where one more is to be worked on; idle slots that are too many end."""
        free = [slot for slot in self._slots if slot.attempt is None]
        while free and len(self._slots) > self._packing.slots:
            surplus = free.pop()
            surplus.end_child("fewer slots")
            self._slots.remove(surplus)
        # A lost job may be the next in the queue, and must not begin beside its old training process.
        if any(attempt.why is Why.LOST for _, attempt in self._busy()):
            return None
        if not free and len(self._slots) < self._packing.slots:
            free = [Slot(self._options.command, self._mps.environment)]
            self._slots += free
        return free[0] if free else None

    def _work(self, slot: Slot, claim: Lease) -> None:
        """Hand a claimed job over; where that does not come about, it is not kept."""
        job = claim.job
        _events.of(claim).info("claimed", method=claim.label, task=job.task, seed=job.seed, model=job.model)
        try:
            if self._signals.received or self._is_here(claim):
                self._insist(lambda: self._database.jobs.release(claim))
                reason = "a signal to the worker" if self._signals.received else "still here from before"
                _events.of(claim).info("released", reason=reason)
                return
            header = f"attempt {claim.attempt}, {self._options.name}"
            log = JobLog(self._folder.log(claim.digest), header)
            attempt = Attempt(
                claim,
                slot.ready_child(log),
                log,
                live=LiveFile(self._folder.live(claim.digest), claim.attempt),
                database=self._database,
                progress=self._progress,
                lease=self._options.lease,
                timeout=self._options.timeout,
                grace=self._options.grace,
            )
            self._insist(attempt.count)
            self._progress.started(claim.digest, job_words(claim.job, claim.label))
            measuring = self._packing.measuring
            claim = replace(claim, places=self._named.here(claim.places))
            parts = self._insist(lambda: parts_of(self._database, claim))
            told = command(claim, log, self._folder, self._options, memory=measuring, parts=parts)
            attempt.child.send(told)
        except BaseException as error:
            self._ledger.abandon(claim, error)
            raise
        slot.attempt = attempt
        busy = self._busy()
        for _, other in busy:
            other.packed = max(other.packed, len(busy))

    def _is_here(self, claim: Lease) -> bool:
        """Whether another slot still works on the job, which was cancelled and queued again meanwhile."""
        old = [attempt for _, attempt in self._busy() if attempt.claim.digest == claim.digest]
        for attempt in old:
            attempt.stop(Why.LOST)
        return bool(old)

    def _close(self, slot: Slot, attempt: Attempt, end: End) -> None:
        """Record an attempt's end; the slot is free again."""
        # After an error of the machine the process may be of no use to any job: one of CUDA's stays with
        # the process that had it.
        faulty = end.outcome is Outcome.ENVIRONMENT and end.lack is None
        if end.kind in ("died", "garbage") or faulty or end.outcome is Outcome.OOM:
            slot.end_child(end.message)
        elif end.changed:
            slot.end_child(f"the job has left behind in it: {', '.join(end.changed)}")
        started = attempt.collector.started
        if started:
            slot.false_starts = 0
        if attempt.why is None and end.kind == "died" and not started:
            self._false_start(slot, attempt, end)
        elif attempt.why is None and end.outcome is Outcome.OOM and attempt.packed > 1:
            self._ledger.give_back(attempt, "no memory for it beside the others; back in the queue")
            self._fewer(attempt.packed)
        elif attempt.why is None and end.kind == "stopped" and unresolved(attempt.claim.places):
            self._ledger.give_back(attempt, "what it needs is here now")
            self._insist(lambda: self._intake.fetched(attempt.claim))
        else:
            self._ledger.settle(attempt, end)
            self._intake.learn(attempt.claim, end)
        attempt.log.scrub(whole=True)
        slot.attempt = None
        self._packing.ended(attempt.claim.digest)
        self._intake.look_again()  # it may be in the queue again

    def _false_start(self, slot: Slot, attempt: Attempt, end: End) -> None:
        """The training process died before it took the job on: not the job's fault, so it does not pay."""
        slot.false_starts += 1
        if slot.false_starts < _FALSE_STARTS:
            self._ledger.give_back(attempt, f"{end.message}; starting another")
        elif attempt.packed > 1:
            self._ledger.give_back(attempt, end.message)
            self._fewer(attempt.packed)
        else:
            raise FtbenchError(f"the training process does not start: {end.message}; log: {attempt.log.path}")

    def _fewer(self, slots: int) -> None:
        """So many at once were too many."""
        self._packing.fewer(slots - 1)
        left = self._packing.slots
        words = f"{slots} jobs at once are too many for this machine: going on with {left}"
        _events.warning("slots", slots=left, reason=words)
        self._progress.say(words)

    def _abandon(self, reason: BaseException) -> None:
        """After an error, keep no job."""
        _events.error("stopped", reason=reason)
        for slot, attempt in self._busy():
            slot.end_child("the worker stops")
            self._ledger.abandon(attempt.claim, reason)

    def _end(self) -> None:
        self._tell_signals()
        children = [slot.child for slot in self._slots if slot.child is not None]
        for child in children:
            child.dismiss()
        for child in children:
            child.close(_SOON if self._signals.received else _LATER)
        self._mps.stop()
        with suppress(DatabaseError):  # what was written for jobs that others have ended meanwhile
            self._folder.sweep(self._database)
        tally = self._ledger.tally
        _events.info("ended", attempts=tally.ended, done=tally.done, failed=tally.failed)
        self._progress.close()
