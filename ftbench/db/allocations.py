"""Launches: the tables ``launches`` and ``allocations``."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ftbench.db.engine import Store, Transaction
from ftbench.db.launch_tables import launch_allocations, launches
from ftbench.db.launched import Launched, launched
from ftbench.domain.launch import EARLY, LIVE, Allocation, Launch, LaunchState, Standing
from ftbench.errors import DatabaseError, UnknownName

_OF = "WHERE launch = :launch AND number = :number"


class Launches:
    """Where workers were asked for, and what became of them; every method that writes is one transaction."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def add(self, launch: Launch) -> None:
        """Write a new launch, asked for now."""
        with self._store.writing(alone=True) as transaction:
            transaction.run(
                "INSERT INTO launches (id, engine, workers, backlog, state, reason, barred, asked) "
                "VALUES (:id, :engine, :workers, :backlog, 'open', '', '[]', :now)",
                id=launch.id,
                engine=launch.engine,
                workers=launch.workers,
                backlog=launch.backlog,
                now=transaction.now(),
            )

    def remove(self, launch: str) -> None:
        """Forget a launch of which the engine would have nothing."""
        with self._store.writing(alone=True) as transaction:
            transaction.run("DELETE FROM allocations WHERE launch = :launch", launch=launch)
            transaction.run("DELETE FROM launches WHERE id = :launch", launch=launch)

    def reserve(self, launch: str, count: Callable[[Launched], int]) -> builtins.list[Allocation]:
        """Make rows for further allocations, pending and without a name.

        Args:
            launch: the launch's id.
            count: how many there are to be; it sees the launch as it is in the same transaction, so that two
                callers at once do not both ask for what is missing.

        Raises:
            UnknownName: no such launch.
        """
        with self._store.writing(alone=True) as transaction:
            found = self._find(transaction.connection, launch)
            first = 1 + max((one.number for one in found.allocations), default=-1)
            now = transaction.now()
            new = [Allocation(launch, first + at, asked=now) for at in range(count(found))]
            transaction.many(
                "INSERT INTO allocations (launch, number, engine_id, state, reason, asked, restarts, early, "
                "failures) VALUES (:launch, :number, '', 'pending', '', :asked, 0, 0, 0)",
                [{"launch": launch, "number": one.number, "asked": now} for one in new],
            )
            return new

    def name(self, launch: str, names: Mapping[int, str]) -> None:
        """Write how the engine calls allocations, by their numbers."""
        with self._store.writing(alone=True) as transaction:
            rows = [{"launch": launch, "number": number, "name": name} for number, name in names.items()]
            transaction.many(f"UPDATE allocations SET engine_id = :name {_OF}", rows)

    def give_up(self, launch: str, numbers: Sequence[int]) -> None:
        """Forget reserved allocations that the engine refused."""
        with self._store.writing(alone=True) as transaction:
            rows = [{"launch": launch, "number": number} for number in numbers]
            transaction.many(f"DELETE FROM allocations {_OF} AND engine_id = ''", rows)

    def begin(self, launch: str, number: int, worker: str, node: str, engine_id: str | None) -> Launch | None:
        """A worker of an allocation begins: the launch, None where there is no such allocation.

        Args:
            launch: the launch's id.
            number: of the allocation.
            worker: the worker's name.
            node: where it runs.
            engine_id: how the engine calls the allocation; None where the worker does not know.
        """
        with self._store.writing(alone=True) as transaction:
            at = _at(launch, number)
            before = transaction.one(f"SELECT started, engine_id FROM allocations {_OF}", **at)
            if before is None:
                return None
            transaction.run(
                "UPDATE allocations SET state = 'running', reason = '', node = :node, worker = :worker, "
                "started = :now, ended = NULL, failures = 0, restarts = restarts + :again, engine_id = :name "
                + _OF,
                **_at(launch, number),
                node=node,
                worker=worker,
                now=transaction.now(),
                again=0 if before[0] is None else 1,
                name=engine_id or before[1],
            )
            return self._find(transaction.connection, launch).launch

    def end(
        self, launch: str, number: int, worker: str, state: Standing, reason: str, failures: int = 0
    ) -> Launched | None:
        """A worker of an allocation ends, and says how; None where the allocation is another worker's by now.

        Args:
            launch: the launch's id.
            number: of the allocation.
            worker: the worker's name.
            state: ``FAILED`` counts as an early death where it comes within a minute of the start;
                ``PENDING``: the engine was asked to start it again.
            reason: in a line.
            failures: errors of the node that it met.
        """
        with self._store.writing(alone=True) as transaction:
            now = transaction.now()
            row = transaction.one(
                f"SELECT started FROM allocations {_OF} AND worker = :worker AND state = 'running'",
                **_at(launch, number),
                worker=worker,
            )
            if row is None:
                return None
            early = state is Standing.FAILED and now - float(row[0]) < EARLY
            _over(transaction, launch, number, state, reason, early, now)
            transaction.run(
                f"UPDATE allocations SET failures = :failures {_OF}", **_at(launch, number), failures=failures
            )
            return self._find(transaction.connection, launch)

    def observe(
        self,
        seen: Allocation,
        state: Standing,
        reason: str,
        node: str | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Write what the engine says of an allocation.

        Args:
            seen: the row as it was read; where its worker has written since, nothing changes.
            state: what is to stand there; ``FAILED``: it is gone without a word of its worker.
            reason: in a line.
            node: where it runs; None leaves what is there.
            seconds: how long the start ran that is over; None: until now.

        Returns:
            Whether it was written.
        """
        with self._store.writing(alone=True) as transaction:
            row = transaction.one(f"SELECT state, started FROM allocations {_OF}", **_of(seen))
            if row is None or row[0] != seen.state or row[1] != seen.started:
                return False
            now = transaction.now()
            if state in LIVE:
                transaction.run(
                    "UPDATE allocations SET state = :state, reason = :reason, "
                    f"node = coalesce(:node, node), ended = NULL {_OF}",
                    **_of(seen),
                    state=str(state),
                    reason=reason,
                    node=node,
                )
                return True
            began = seen.started if seen.state is Standing.RUNNING else None
            ran = seconds if seconds is not None else 0.0 if began is None else now - began
            early = state is Standing.FAILED and ran < EARLY
            _over(transaction, seen.launch, seen.number, state, reason, early, now, node)
            return True

    def set_state(self, launch: str, state: LaunchState, reason: str = "") -> None:
        """Pause a launch, stop it, or open it again: then its early deaths and barred nodes are forgotten."""
        with self._store.writing(alone=True) as transaction:
            transaction.run(
                "UPDATE launches SET state = :state, reason = :reason WHERE id = :launch",
                launch=launch,
                state=str(state),
                reason=reason,
            )
            if state is LaunchState.OPEN:
                transaction.run("UPDATE launches SET barred = '[]' WHERE id = :launch", launch=launch)
                transaction.run(
                    "UPDATE allocations SET early = 0, failures = 0 WHERE launch = :launch", launch=launch
                )

    def bar(self, launch: str, nodes: Sequence[str]) -> None:
        """Leave nodes alone from now on."""
        with self._store.writing(alone=True) as transaction:
            transaction.run(
                "UPDATE launches SET barred = :barred WHERE id = :launch",
                launch=launch,
                barred=json.dumps(sorted(nodes)),
            )

    def find(self, prefix: str) -> Launched:
        """The launch whose id begins so.

        Raises:
            UnknownName: none does, or several do.
        """
        found = [one for one in self.list() if one.launch.id.startswith(prefix.strip().lower() or "?")]
        if len(found) != 1:
            raise UnknownName("launch", prefix, [one.launch.id for one in found or self.list()])
        return found[0]

    def list(self) -> builtins.list[Launched]:
        """All launches, the oldest first; rows that cannot be believed are set aside."""
        with self._store.reading() as connection:
            query = select(launches).order_by(launches.c.asked)
            of = select(launch_allocations).order_by(launch_allocations.c.launch, launch_allocations.c.number)
            rows = connection.execute(query).mappings().all(), connection.execute(of).mappings().all()
        return launched(*rows, self._store.set_aside)

    def now(self) -> float:
        """Seconds since 1970 by the database's clock, which all times here are of."""
        with self._store.reading() as connection:
            return float(connection.exec_driver_sql(f"SELECT {self._store.backend.now}").scalar_one())

    def _find(self, connection: Connection, launch: str) -> Launched:
        query = select(launches).where(launches.c.id == launch)
        of = (
            select(launch_allocations)
            .where(launch_allocations.c.launch == launch)
            .order_by(launch_allocations.c.number)
        )
        rows = connection.execute(query).mappings().all(), connection.execute(of).mappings().all()
        if not rows[0]:
            raise UnknownName("launch", launch, [])
        found = launched(*rows, self._store.set_aside)
        if not found:
            raise DatabaseError(f"the launch {launch} cannot be read: run `ftbench db check`")
        return found[0]


def _at(launch: str, number: int) -> dict[str, Any]:
    return {"launch": launch, "number": number}


def _of(one: Allocation) -> dict[str, Any]:
    return _at(one.launch, one.number)


def _over(
    transaction: Transaction,
    launch: str,
    number: int,
    state: Standing,
    reason: str,
    early: bool,
    now: float,
    node: str | None = None,
) -> None:
    """Write that a start of an allocation is over; an early death adds to those before it, else they go."""
    transaction.run(
        "UPDATE allocations SET state = :state, reason = :reason, ended = :now, "
        f"node = coalesce(:node, node), early = {'early + 1' if early else '0'} {_OF}",
        **_at(launch, number),
        state=str(state),
        reason=reason,
        now=now,
        node=node,
    )
