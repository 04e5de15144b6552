"""The board: the queue at a glance, in short queries that leave the long columns alone; nothing is locked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from ftbench.db import board_queries as queries
from ftbench.db.board_rows import FailedRow, Glance, GridCount, ListedRow, RunningRow, WorkerTally
from ftbench.db.checked import known_change, read_rows
from ftbench.db.driver_query import DriverQuery, asked_of
from ftbench.db.engine import Store
from ftbench.db.filters import matching
from ftbench.db.migrations import HEAD
from ftbench.db.names import model_names, shown_model
from ftbench.db.rows import JobFilter
from ftbench.db.tables import jobs
from ftbench.db.trial_jobs import trial_jobs
from ftbench.domain.result import Outcome, State
from ftbench.printable import printable

_REVISION = "SELECT version_num FROM alembic_version"
_Model = ColumnElement[str]


class Board:
    """The queue for those who look at it."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store
        self._asked: dict[tuple[str, str], DriverQuery] = {}

    def version(self) -> object:
        """Something that is another one once anybody has committed a change; to be asked by one thread."""
        return self._store.single(self._store.backend.seen)[0][0]

    def is_current(self) -> bool:
        """Whether the database still has the form of this version: somebody may have upgraded it."""
        return [str(row[0]) for row in self._store.single(_REVISION)] == [HEAD]

    def glance(self, before: Glance | None = None) -> Glance:
        """The queue as it is.

        Args:
            before: an earlier glance, whose grid stands where as many jobs as then are in each state and
                the same run: to read all rows takes longer than all else.
        """
        with self._store.reading() as connection:
            now = float(connection.exec_driver_sql(f"SELECT {self._store.backend.now}").scalar_one())
            running = self._running(connection)
            counts = self._store.rows_asked(connection, self._words(connection, queries.state_counts))
            mark = counts, [row.digest for row in running]
            return Glance(
                now,
                before.grid if before is not None and before.mark == mark else self._grid(connection),
                running,
                self._failed(connection),
                self._outcomes(connection),
                self._workers(connection),
                mark,
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
            rows = list(
                read_rows(self._store.rows_of(connection, query), fields, convert, self._store.set_aside)
            )
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
        convert = {"perturbation": known_change, "state": State}
        fields = ("label", "model", "task", "perturbation", "state")
        counts: Counter[GridCount] = Counter()
        for *cell, number in self._rows(connection, queries.grid, (*fields, "jobs"), convert):
            counts[GridCount(*cell)] += number
        for one in trial_jobs(self._store, connection):  # they are no runs of the grid
            among_runs = GridCount(one.label, one.model, one.task, one.perturbation, one.state)
            counts[among_runs] -= 1
            counts[among_runs._replace(label=one.method, study=one.study)] += 1
        return [found._replace(jobs=number) for found, number in counts.items() if number > 0]

    def _running(self, connection: Connection) -> list[RunningRow]:
        convert = {"perturbation": known_change, "number": _whole}
        rows = map(RunningRow._make, self._rows(connection, queries.running, RunningRow._fields, convert))
        found = sorted(rows, key=lambda row: (row.started or 0.0, row.digest, row.number or 0))
        return list({row.digest: row for row in found}.values())

    def _failed(self, connection: Connection) -> list[FailedRow]:
        convert = {"perturbation": known_change, "outcome": Outcome, "message": printable}
        rows = self._rows(connection, queries.failed, FailedRow._fields, convert)
        return [FailedRow._make(row) for row in rows]

    def _outcomes(self, connection: Connection) -> dict[Outcome, int]:
        rows = self._rows(connection, queries.outcomes, ("outcome", "count"), {"outcome": Outcome})
        return {outcome: count for outcome, count in rows if outcome is not None}

    def _workers(self, connection: Connection) -> list[WorkerTally]:
        rows = self._rows(connection, queries.workers, WorkerTally._fields, {})
        return [WorkerTally._make(row) for row in rows]

    def _rows(
        self,
        connection: Connection,
        make: Callable[[_Model], Select[Any]],
        fields: Sequence[str],
        convert: Mapping[str, Callable[[Any], Any]],
    ) -> list[tuple[Any, ...]]:
        """The rows of a query of ours that can be believed."""
        rows = self._store.rows_asked(connection, self._words(connection, make))
        return list(read_rows(rows, fields, convert, self._store.set_aside))

    def _words(self, connection: Connection, make: Callable[[_Model], Select[Any]]) -> DriverQuery:
        """A query of ours in the driver's words, which depend on what models are called."""
        key = make.__name__, repr(sorted(model_names(connection).items()))
        if key not in self._asked:
            self._asked[key] = asked_of(connection, make(shown_model(connection)))
        return self._asked[key]


def _whole(value: object) -> int:
    """A whole number.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, int):
        raise ValueError("no whole number")
    return value
