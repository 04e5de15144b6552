"""The board: the queue at a glance, in short queries that leave the long columns alone; nothing is locked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, case, func, select, text

from ftbench.db.checked import Unreadable, check_column, read_rows
from ftbench.db.engine import Store
from ftbench.db.filters import matching
from ftbench.db.migrations import HEAD
from ftbench.db.names import shown_model
from ftbench.db.rows import Axes, JobFilter, change_of
from ftbench.db.tables import attempts, jobs
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import Outcome, State
from ftbench.printable import printable

MOST_FAILED, MOST_WORKERS = 500, 200
"""Of which a board shows the latest."""
_REVISION = "SELECT version_num FROM alembic_version"


class GridCount(NamedTuple):
    """How many jobs of a cell of a grid stand where."""

    label: str
    model: str
    task: str
    perturbation: Perturbation
    state: State
    jobs: int


class RunningRow(NamedTuple):
    """A job that runs: who has it, when its lease ends, which attempt it is, and when that began."""

    digest: str
    label: str
    model: str
    task: str
    method: str
    seed: int
    perturbation: Perturbation
    train_size: int | None
    owner: str | None
    expires: float | None
    number: int | None
    started: float | None

    @property
    def axes(self) -> Axes:
        """What its duration depends on most."""
        return Axes(self.model, self.task, self.method, self.train_size)


class FailedRow(NamedTuple):
    """A job that failed for good, and how its last attempt ended."""

    digest: str
    label: str
    model: str
    task: str
    seed: int
    perturbation: Perturbation
    number: int
    worker: str
    outcome: Outcome
    message: str
    ended: float | None


class WorkerTally(NamedTuple):
    """What a worker has done in this database, and when it ended an attempt last."""

    worker: str
    done: int
    failed: int
    ended: float | None


class ListedRow(NamedTuple):
    """A job and where it stands."""

    digest: str
    state: State
    label: str
    model: str
    task: str
    seed: int
    perturbation: Perturbation
    attempts: int
    priority: int
    owner: str | None


class Glance(NamedTuple):
    """One state of the queue; times are seconds since 1970 by the database's clock.

    Attributes:
        now: when it was looked at.
        grid: the cells of all grids, in the order of queueing.
        running: the jobs that run.
        failed: those that failed for good, the latest first, ``MOST_FAILED`` at most.
        outcomes: how the last attempts of all that failed ended: outcome -> jobs.
        workers: all that have ended an attempt, the latest first, ``MOST_WORKERS`` at most.
    """

    now: float
    grid: list[GridCount]
    running: list[RunningRow]
    failed: list[FailedRow]
    outcomes: dict[Outcome, int]
    workers: list[WorkerTally]


class Board:
    """The queue for those who look at it."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def version(self) -> object:
        """Something that is another one once anybody has committed a change; to be asked by one thread."""
        return self._store.single(self._store.backend.seen)[0][0]

    def is_current(self) -> bool:
        """Whether the database still has the form of this version: somebody may have upgraded it."""
        return [str(row[0]) for row in self._store.single(_REVISION)] == [HEAD]

    def glance(self) -> Glance:
        """The queue as it is."""
        with self._store.reading() as connection:
            now = float(connection.exec_driver_sql(f"SELECT {self._store.backend.now}").scalar_one())
            return Glance(
                now,
                self._grid(connection),
                self._running(connection),
                self._failed(connection),
                self._outcomes(connection),
                self._workers(connection),
            )

    def listed(self, where: JobFilter, first: int, most: int) -> tuple[int, list[ListedRow]]:
        """How many jobs a filter lets through, and some of them in the order of queueing.

        Args:
            where: the filter.
            first: jobs before those that are wanted.
            most: how many are wanted.
        """
        with self._store.reading() as connection:
            shown = shown_model(connection)
            fields, chosen = ListedRow._fields, matching(where, shown)
            (count,) = self._store.rows_of(connection, select(func.count()).select_from(jobs).where(chosen))[
                0
            ]
            query = select(*(shown if name == "model" else jobs.c[name] for name in fields)).where(chosen)
            query = query.order_by(jobs.c.sequence).limit(most).offset(first)
            convert = {"perturbation": known_change, "state": State}
            rows = self._read(connection, query, fields, convert)
        return int(count), [ListedRow._make(row) for row in rows]

    def stamps(self, digests: Collection[str]) -> dict[str, tuple[object, ...]]:
        """What of some jobs is another one once anything has happened to them."""
        names = "digest state attempts priority owner expires".split()
        query = select(*(jobs.c[name] for name in names)).where(jobs.c.digest.in_(list(digests)))
        return {row[0]: tuple(row[1:]) for row in self._store.rows(query)}

    def prioritise(self, digest: str, priority: int) -> bool:
        """Let a queued job go before others, or after them; False where it is not queued."""
        with self._store.writing() as transaction:
            changed = transaction.run(
                "UPDATE jobs SET priority = :priority WHERE digest = :digest AND state = 'queued'",
                digest=digest,
                priority=priority,
            )
            return changed == 1

    def _grid(self, connection: Connection) -> list[GridCount]:
        shown = shown_model(connection).label("shown_model")
        axes = (jobs.c.task, jobs.c.perturbation, jobs.c.state)
        query = select(jobs.c.label, shown, *axes, func.count())
        query = query.group_by(jobs.c.label, text("shown_model"), *axes)  # by its name: it has parameters
        query = query.order_by(func.min(jobs.c.sequence))
        convert = {"perturbation": known_change, "state": State}
        return [GridCount._make(row) for row in self._read(connection, query, GridCount._fields, convert)]

    def _running(self, connection: Connection) -> list[RunningRow]:
        own: dict[str, Any] = {"model": shown_model(connection), "number": attempts.c.number}
        own |= {"started": attempts.c.started}
        fields = RunningRow._fields
        opened = and_(attempts.c.digest == jobs.c.digest, attempts.c.outcome.is_(None))
        query = (
            select(*(own[name] if name in own else jobs.c[name] for name in fields))
            .join_from(jobs, attempts, opened, isouter=True)
            .where(text("jobs.state = 'running'"))  # literally: so its index is used
            .order_by(jobs.c.sequence, attempts.c.number)
        )
        rows = self._read(connection, query, fields, {"perturbation": known_change, "number": _whole})
        return list({row[0]: RunningRow._make(row) for row in rows}.values())

    def _failed(self, connection: Connection) -> list[FailedRow]:
        own: dict[str, Any] = {
            name: attempts.c[name] for name in "number worker outcome message ended".split()
        }
        own["model"] = shown_model(connection)
        fields = FailedRow._fields
        query = select(*(own[name] if name in own else jobs.c[name] for name in fields))
        query = self._last_of_failed(query).order_by(attempts.c.ended.desc()).limit(MOST_FAILED)
        convert = {"perturbation": known_change, "outcome": Outcome, "message": printable}
        return [FailedRow._make(row) for row in self._read(connection, query, fields, convert)]

    def _outcomes(self, connection: Connection) -> dict[Outcome, int]:
        query = self._last_of_failed(select(attempts.c.outcome, func.count())).group_by(attempts.c.outcome)
        rows = self._read(connection, query, ("outcome", "count"), {"outcome": Outcome})
        return {outcome: count for outcome, count in rows if outcome is not None}

    def _last_of_failed(self, query: Select[Any]) -> Select[Any]:
        """The jobs that failed for good, each with its last attempt."""
        later = attempts.alias("later")
        last = select(func.max(later.c.number)).where(later.c.digest == attempts.c.digest)
        return (
            query.select_from(attempts)
            .join(jobs, jobs.c.digest == attempts.c.digest)
            .where(
                attempts.c.outcome.is_not(None),
                attempts.c.outcome != str(Outcome.OK),
                jobs.c.state == str(State.FAILED),
                attempts.c.number == last.scalar_subquery(),
            )
        )

    def _workers(self, connection: Connection) -> list[WorkerTally]:
        well = func.sum(case((attempts.c.outcome == str(Outcome.OK), 1), else_=0))
        badly = func.sum(
            case((attempts.c.outcome.is_(None) | (attempts.c.outcome == str(Outcome.OK)), 0), else_=1)
        )
        query = select(attempts.c.worker, well, badly, func.max(attempts.c.ended)).group_by(attempts.c.worker)
        query = query.where(attempts.c.started.is_not(None), attempts.c.worker != "")
        query = query.order_by(func.max(attempts.c.ended).desc()).limit(MOST_WORKERS)
        return [WorkerTally._make(row) for row in self._read(connection, query, WorkerTally._fields, {})]

    def _read(
        self,
        connection: Connection,
        query: Select[Any],
        fields: Sequence[str],
        convert: Mapping[str, Callable[[Any], Any]],
    ) -> list[tuple[Any, ...]]:
        """The rows of a query that can be believed."""
        return list(read_rows(self._store.rows_of(connection, query), fields, convert, self._store.set_aside))


def _whole(value: object) -> int:
    """A whole number.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, int):
        raise ValueError("no whole number")
    return value


def known_change(text: str) -> Perturbation:
    """A perturbation from its column, which no digest vouches for.

    Raises:
        Unreadable: it has a name that nobody may see, or a value that is no number.
    """
    found = change_of(text)
    for one in found.changes:
        check_column("name", (one.name,))
        if not isinstance(one.value, int | float) or not abs(one.value) <= 1e12:
            raise Unreadable("its perturbation has a value that is none")
    return found
