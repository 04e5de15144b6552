"""Intake: which job a worker takes next, and what it does where there is none that it can do."""

from __future__ import annotations

import time

from ftbench.db import Database, Kind, Lease
from ftbench.domain.breaker import Held
from ftbench.domain.duration import span
from ftbench.domain.events import End
from ftbench.domain.result import Lack, Outcome, State
from ftbench.errors import DatabaseBusy, FtbenchError
from ftbench.secrets import masked
from ftbench.services.worker.aside import STOP, Aside
from ftbench.services.worker.insisting import LONGEST
from ftbench.services.worker.ledger import tell_moved
from ftbench.services.worker.log import Journal
from ftbench.services.worker.missing import Missing, missing_here
from ftbench.services.worker.named import NamedFiles
from ftbench.services.worker.options import Options
from ftbench.services.worker.patience import Patience
from ftbench.services.worker.progress import Progress
from ftbench.services.worker.settling import settle
from ftbench.services.worker.term import Term
from ftbench.settings import data_dir, db_flag

_events = Journal("queue")
_HELD = 10.0  # seconds between two looks at which jobs wait because others like them failed
_AGAIN = 1.0  # seconds until a claim that met a locked database is tried again


class Intake:
    """Claims jobs, those aside that cannot be done here.

    Attributes:
        aside: what cannot be done here.
        stuck: whether the worker ends with jobs in the queue that it cannot do.
        timed_out: whether it ends because what is queued takes longer than the time that is left.
    """

    def __init__(
        self,
        database: Database,
        options: Options,
        progress: Progress,
        named: NamedFiles,
        term: Term | None = None,
    ) -> None:
        """Begin with the whole queue."""
        self.aside = Aside()
        self.stuck = self.timed_out = False
        self._progress, self._term = progress, term
        self._too_long: list[Kind] = []
        self._database, self._options, self._named = database, options, named
        self._patience = Patience(database, progress, drain=options.drain, idle=options.idle)
        self._look_at = self._held_at = self._locked = 0.0
        self._held: list[Held] = []

    def take(self, *, busy: bool) -> Lease | float | None:
        """Claim the next job.

        Args:
            busy: whether the worker has other jobs at hand.

        Returns:
            The claim; seconds until there may be one; None where no more is to be taken.

        Raises:
            DatabaseBusy: the database was locked for ten minutes, and there is nothing else to do.
        """
        now = time.monotonic()
        if now < self._look_at:
            return self._look_at - now
        self._named.left.clear()
        try:
            claim = self._database.jobs.claim(
                self._options.name, self._options.lease, tell_moved, self._named.refused, self._besides()
            )
            if claim is not None:
                self._patience.refresh()
                return claim
            seconds = self._wait(busy)
        except DatabaseBusy as error:
            _events.warning("database-locked", reason=error)
            self._locked = self._locked or now
            if not busy and now - self._locked >= LONGEST:
                raise
            seconds = _AGAIN
        else:
            self._locked = 0.0
        self._look_at = now + (seconds or 0.0)
        return seconds

    def look_again(self) -> None:
        """A job has ended: there may be something to take, or something to leave alone."""
        self._look_at = self._held_at = 0.0

    def learn(self, claim: Lease, end: End) -> None:
        """What the end of an attempt says of the machine.

        Raises:
            FtbenchError: it can do nothing more.
        """
        if end.outcome is not Outcome.ENVIRONMENT:
            self.aside.worked(claim)
            return
        self.aside.put(claim, end)
        stopped = "the worker stopped, its jobs stay queued"
        if end.lack is Lack.DISK:
            raise FtbenchError(f"{stopped}: {masked(end.message)}")
        if self.aside.machine_is_at_fault:
            row = f"{STOP} jobs in a row met an error of this machine"
            raise FtbenchError(f"{stopped}; {row}: {masked(end.message)}")

    def fetched(self, claim: Lease) -> None:
        """What a job waited for to be told which it is was fetched: it and others like it are settled."""
        settle(self._database, data_dir(self._options.data_dir))
        if any(row.digest == claim.digest for row in self._database.jobs.unresolved()):
            end = End("failed", Outcome.ENVIRONMENT, "what it needs was here for a moment only")
            self.aside.put(claim, end)

    def _besides(self) -> list[Kind]:
        now = time.monotonic()
        if now >= self._held_at:
            self._held_at = now + _HELD
            self._held = self._database.failures.held()
        waiting = [Kind(method=one.method, model=one.model, task=one.task) for one in self._held]
        self._too_long = self._term.too_long() if self._term is not None else []
        return waiting + self.aside.kinds() + self._too_long

    def _wait(self, busy: bool) -> float | None:
        if self._term is not None and self._too_long and not busy:
            if self._database.jobs.counts()[State.QUEUED]:
                self.timed_out = True
                left = span(self._term.left)
                self._progress.say(f"what is queued takes longer than the {left} that are left: ending")
                _events.info("no-time", seconds=round(self._term.left))
                return None
        known = self._held or self._named.left or self.aside.reasons(hub=True)
        queued = self._database.jobs.counts()[State.QUEUED] if known and not busy else 0
        if not queued:
            return self._patience.next(busy=busy)
        pause = self.aside.seconds(drain=self._options.drain)
        if (self._held or self._named.left) and not self._options.drain:
            pause = min(_HELD, pause or _HELD)  # somebody may retry them, or name the files
        seconds = self._patience.next(busy=False, left=self._left(queued), pause=pause)
        self.stuck = seconds is None
        return seconds

    def _left(self, queued: int) -> str:
        """What is queued and cannot be done here, and why."""
        absent = missing_here(self._database.jobs.needs()) if self.aside.lacks_of_hub else Missing()
        reasons = [absent.words] if absent else []
        reasons += self.aside.reasons(hub=not absent) + [
            one.words(db_flag(self._database.address)) for one in self._held
        ]
        reasons += [f"{path}: {reason}" for path, reason in self._named.left.items()]
        stay = "1 job stays queued" if queued == 1 else f"{queued:,} jobs stay queued"
        return f"nothing is left that can be done here, {stay}: {'; '.join(reasons)}"
