"""The queue at a glance: counts, what runs and how far it is, who works, what failed, and what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ftbench.db import Axes, Database, Launched
from ftbench.db.board_rows import FailedRow, Glance, RunningRow, WorkerTally
from ftbench.domain.breaker import Held
from ftbench.domain.job import DIGEST
from ftbench.domain.result import Outcome, State
from ftbench.services.board.grid import HeatMap, heat_maps
from ftbench.services.worker.live import LiveJob, read_live
from ftbench.services.worker.workdir import WorkDir
from ftbench.settings import db_flag

_SLOWLY = 30.0  # seconds for which is kept what takes as long as all else together


@dataclass(frozen=True)
class RunningJob:
    """A job that runs.

    Attributes:
        row: what the database has of it.
        live: how far it is, where the worker's file says so.
        ends: when it will have ended by what is known, in seconds since 1970 by the database's clock.
    """

    row: RunningRow
    live: LiveJob | None
    ends: float | None


@dataclass(frozen=True)
class BoardWorker:
    """A worker that has jobs, or has had some.

    Attributes:
        name: its name.
        jobs: digests of those that it has now.
        expires: when the first of its leases ends; None where it has no job.
        tally: what it has done.
    """

    name: str
    jobs: tuple[str, ...]
    expires: float | None
    tally: WorkerTally | None


@dataclass(frozen=True)
class FailureClass:
    """Jobs whose last attempt ended alike.

    Attributes:
        outcome: how.
        jobs: how many.
        latest: the last of them, as many as are shown.
    """

    outcome: Outcome
    jobs: int
    latest: tuple[FailedRow, ...]


@dataclass(frozen=True)
class BoardView:
    """All that the first page shows; times are seconds since 1970 by the database's clock.

    Attributes:
        now: when that was.
        counts: jobs by state.
        running, workers, failures, maps: see there.
        launches: where workers were asked for, those that are stopped and over left out.
        held: which jobs wait because others like them failed, a line each.
        ends: when all will have ended by what is known; None where nothing is, or nothing is left.
    """

    now: float
    counts: Mapping[State, int]
    running: tuple[RunningJob, ...]
    workers: tuple[BoardWorker, ...]
    failures: tuple[FailureClass, ...]
    maps: tuple[HeatMap, ...]
    launches: tuple[Launched, ...]
    held: tuple[str, ...]
    ends: float | None


class BoardReader:
    """Reads a database for those who look at it, again and again; by one thread."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        """Take an open database, and a clock of seconds."""
        self.database, self._clock = database, clock
        self._folder = WorkDir(database.address)
        self._durations: dict[Axes, float] = {}
        self._waiting: dict[Axes, int] = {}
        self._learnt_at = float("-inf")
        self._glance: Glance | None = None
        self._failed: Mapping[Outcome, int] = {}
        self._held: list[Held] = []

    def view(self) -> BoardView:
        """The queue as it is.

        Raises:
            DatabaseError: it cannot be read.
        """
        glance = self._glance = self.database.board.glance(self._glance)
        counts = {state: 0 for state in State}
        for one in glance.grid:
            counts[one.state] += one.jobs
        self._learn(glance.outcomes)
        running = tuple(
            self._running(row, glance.now) for row in glance.running if DIGEST.fullmatch(row.digest)
        )
        return BoardView(
            glance.now,
            counts,
            running,
            _workers(glance),
            _failures(glance),
            heat_maps(glance.grid),
            tuple(one for one in self.database.launches.list() if _matters(one)),
            tuple(one.words(db_flag(self.database.address)) for one in self._held if counts[State.QUEUED]),
            self._ends(counts, glance.now),
        )

    def again(self, view: BoardView) -> BoardView:
        """The same, where nobody has changed the database: only how far jobs are is looked at."""
        return replace(view, running=tuple(self._running(one.row, view.now) for one in view.running))

    def live(self, digest: str, number: int | None) -> LiveJob | None:
        """How far an attempt is; None where nothing is known of it here."""
        found = read_live(self._folder.live(digest))
        return found if found is not None and found.attempt == number else None

    def _running(self, row: RunningRow, now: float) -> RunningJob:
        live = self.live(row.digest, row.number)
        return RunningJob(row, live, _ends_of(row, live, self._durations.get(row.axes), now))

    def _learn(self, failed: Mapping[Outcome, int]) -> None:
        """Look, once in a while, at how long jobs take, and which wait; at the latter after failures, too."""
        late = self._clock() - self._learnt_at >= _SLOWLY
        if late or failed != self._failed:
            self._failed, self._held = failed, self.database.failures.held() if failed else []
        if late:
            self._learnt_at = self._clock()
            self._durations = self.database.jobs.durations()
            self._waiting = self.database.jobs.waiting()

    def _ends(self, counts: Mapping[State, int], now: float) -> float | None:
        left, known = counts[State.QUEUED] + counts[State.RUNNING], self._durations
        if not left or not known:
            return None
        mean = sum(known.values()) / len(known)
        jobs = sum(self._waiting.values())
        seconds = sum(number * known.get(kind, mean) for kind, number in self._waiting.items())
        each = seconds / jobs if jobs else mean
        return now + each * left / max(1, counts[State.RUNNING])


def _ends_of(row: RunningRow, live: LiveJob | None, usual: float | None, now: float) -> float | None:
    """By what jobs like it took; without one, by how far its first run is."""
    if usual is not None and row.started is not None:
        return max(row.started + usual, now)
    if live is None or not live.step or live.began is None:
        return None
    return now + (live.told - live.began) * (live.total - live.step) / live.step


def _workers(glance: Glance) -> tuple[BoardWorker, ...]:
    """Those that have jobs first, by name; then the others, the latest first."""
    tallies = {one.worker: one for one in glance.workers}
    jobs: dict[str, list[RunningRow]] = {}
    for row in glance.running:
        if row.owner is not None:
            jobs.setdefault(row.owner, []).append(row)
    busy = [_worker(name, rows, tallies.get(name)) for name, rows in sorted(jobs.items())]
    return (*busy, *(_worker(name, (), one) for name, one in tallies.items() if name not in jobs))


def _worker(name: str, rows: Sequence[RunningRow], tally: WorkerTally | None) -> BoardWorker:
    expires = min((row.expires for row in rows if row.expires is not None), default=None)
    return BoardWorker(name, tuple(row.digest for row in rows), expires, tally)


def _failures(glance: Glance) -> tuple[FailureClass, ...]:
    latest: dict[Outcome, list[FailedRow]] = {}
    for row in glance.failed:
        if DIGEST.fullmatch(row.digest):
            latest.setdefault(row.outcome, []).append(row)
    counted = sorted(glance.outcomes.items(), key=lambda one: -one[1])
    return tuple(FailureClass(outcome, jobs, tuple(latest.get(outcome, ()))) for outcome, jobs in counted)


def _matters(one: Launched) -> bool:
    """Whether a launch may still have workers."""
    return one.launch.state != "stopped" or any(part.ended is None for part in one.allocations)
