"""Copying: every row of one state of a database, put into another one and compared there."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Select, Table, column, func, or_, select, table

from ftbench.db.backends.sqlite import Sqlite
from ftbench.db.engine import Store, Transaction
from ftbench.db.migrations import migrate
from ftbench.db.tables import metadata
from ftbench.domain.result import State
from ftbench.errors import DatabaseError

BATCH = 500  # rows in memory at a time; a row of logits may have a megabyte
_Row = tuple[Any, ...]
_NEW = ("published", "settings", "chain_ends")  # the tables in which a new database has rows
_VERSION = "alembic_version"  # the table that says which form a database has
_OWN = "DELETE FROM settings WHERE name = 'id'"  # a database of its own
_JOBS = table("jobs", column("digest"), column("state"))
_RUNNING = select(_JOBS.c.digest).where(_JOBS.c.state == str(State.RUNNING))


@dataclass
class Copied:
    """What was copied.

    Attributes:
        rows: of each table, by its name.
        requeued: jobs that a worker was running, which are queued in the copy.
    """

    rows: dict[str, int] = field(default_factory=dict)
    requeued: int = 0


def copy_rows(
    there: Connection,
    here: Transaction,
    told: Callable[[int, int], None] = lambda done, total: None,
    *,
    form: MetaData = metadata,
    requeue: bool = True,
) -> Copied:
    """Copy all rows, and compare the digests of what was read and of what is there afterwards.

    A database's name for itself is left out: the copy is another one.

    Args:
        there: a transaction that sees one state of a database throughout.
        here: a transaction on a database of the same form, that ``filled`` finds empty.
        told: hears how many rows were handled of how many, each row twice: copied, and compared.
        form: the tables, those of this version by default.
        requeue: jobs that run are queued in the copy, as nobody runs them there; their open attempts do not
            count and are left out.

    Raises:
        DatabaseError: a row is refused, or did not arrive as it was; the transaction is to be rolled back.
    """
    tables = [_Rows(one, requeue) for one in form.sorted_tables if one.name != _VERSION]
    found = Copied({one.name: int(there.scalar(one.counted) or 0) for one in tables})
    if requeue:
        found.requeued = int(there.scalar(select(func.count()).select_from(_RUNNING.subquery())) or 0)
    done, total = 0, 2 * sum(found.rows.values())
    for name in found.rows.keys() & _NEW:
        here.run(f"DELETE FROM {name}" + (" WHERE name <> 'id'" if name == "settings" else ""))
    for one in tables:
        for rows in one.leaving(there):
            _insert(here, one, rows)
            one.read += _digest(rows)
            done += len(rows)
            told(done, total)
    for one in tables:
        arrived = 0
        for rows in one.all(here.connection):
            arrived += _digest(rows)
            done += len(rows)
            told(done, total)
        if arrived != one.read:
            raise DatabaseError(f"{_difference(there, here.connection, one)}; nothing was copied")
    return found


def filled(connection: Connection) -> str | None:
    """The first table that holds what no new database does; None where there is none."""
    for one in metadata.sorted_tables:
        if one.name not in _NEW and connection.execute(select(one).limit(1)).first():
            return one.name
    return None


def copy_to_file(source: Connection, target: Path) -> None:
    """Make a SQLite file of the same revision with all rows, which is there as a whole or not at all.

    Args:
        source: see ``copy_rows``.
        target: a file that is not there.

    Raises:
        DatabaseError: it cannot be written, or a row did not arrive.
    """
    revision = str(source.exec_driver_sql(f"SELECT version_num FROM {_VERSION}").scalar_one())
    part = target.with_name(target.name + ".part")
    try:
        _fill(part, source, revision)  # no cursor outlives it, which would keep the file open
        with closing(sqlite3.connect(part)) as copy:
            copy.execute(_OWN)
            copy.commit()
            copy.execute("PRAGMA journal_mode = DELETE")  # opens from a read-only folder, too
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        for end in ("", "-wal", "-shm"):
            part.with_name(part.name + end).unlink(missing_ok=True)


def _fill(path: Path, source: Connection, revision: str) -> None:
    backend = Sqlite(path)
    store = Store(backend, backend.engine(write=True, timeout=1.0, migrating=True), writable=True)
    try:
        with store.writing() as transaction:
            migrate(transaction.connection, revision)
            form = MetaData()
            form.reflect(transaction.connection)
            copy_rows(source, transaction, form=form, requeue=False)
    finally:
        store.close()


class _Rows:
    """The rows of a table that are copied, as the drivers give them.

    Attributes:
        name: of the table.
        columns: their names.
        keys: the names of those that tell rows apart.
        read: the digest of the rows that left.
    """

    def __init__(self, made: Table, requeue: bool) -> None:
        self.name = made.name
        self.columns = [one.name for one in made.columns]
        self.keys = [one.name for one in made.primary_key.columns]
        self.read = 0
        self._table = table(self.name, *map(column, self.columns))  # without types: nothing is converted
        self._requeue = requeue

    def _chosen(self, settled: bool) -> Select[Any]:
        """All but a database's name for itself, and attempts at jobs that run, where these are settled."""
        c, query = self._table.c, select(self._table)
        if self.name == "settings":
            return query.where(c.name != "id")
        if self.name == "attempts" and settled:
            return query.where(or_(c.outcome.is_not(None), c.digest.not_in(_RUNNING)))
        return query

    @property
    def counted(self) -> Select[Any]:
        """How many rows leave."""
        return select(func.count()).select_from(self._chosen(self._requeue).subquery())

    def all(self, connection: Connection, **key: Any) -> Iterator[list[_Row]]:
        """The rows that are there, or the one that has a key."""
        query = self._chosen(False)
        for name, value in key.items():
            query = query.where(self._table.c[name] == value)
        yield from _streamed(connection, query)

    def leaving(self, there: Connection) -> Iterator[list[_Row]]:
        """The rows as they have to be in the copy."""
        for rows in _streamed(there, self._chosen(self._requeue)):
            if self._requeue and self.name == "jobs":
                rows = [self._requeued(row) if State.RUNNING in row else row for row in rows]
            yield rows

    def named(self, row: _Row) -> dict[str, Any]:
        """The values of a row by its columns."""
        return dict(zip(self.columns, row, strict=True))

    def _requeued(self, row: _Row) -> _Row:
        """A job's row; one that runs waits, and the try that it is at does not count."""
        values = self.named(row)
        if values["state"] != State.RUNNING:
            return row
        values |= {"state": str(State.QUEUED), "attempts": values["attempts"] - 1}
        return tuple((values | {"owner": None, "token": None, "expires": None}).values())


def _streamed(connection: Connection, query: Select[Any]) -> Iterator[list[_Row]]:
    """The rows of a query, some at a time."""
    streamed = query.execution_options(stream_results=True, max_row_buffer=BATCH)
    for rows in connection.execute(streamed).partitions(BATCH):
        yield [tuple(row) for row in rows]


def _digest(rows: Sequence[_Row]) -> int:
    """The sum of the rows' SHA-256, which needs no order.

    Two things are equal here that systems cannot keep apart: zero has no sign in SQLite, and PostgreSQL holds
    a sign in place of NUL.
    """
    total = 0
    for row in rows:
        canonical = repr(tuple([one + 0.0 if type(one) is float else one for one in row]))
        total += int.from_bytes(hashlib.sha256(canonical.replace("\\x00", "␀").encode()).digest())
    return total


def _insert(here: Transaction, one: _Rows, rows: Sequence[_Row]) -> None:
    names = one.columns
    into = f"INSERT INTO {one.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
    driver = here.connection.dialect.loaded_dbapi
    try:
        here.many(into, [one.named(row) for row in rows])
    except (driver.IntegrityError, driver.DataError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise DatabaseError(
            f"a row of {one.name} is refused ({reason:.200}); nothing was copied: `ftbench db check` of "
            "what is copied may say more"
        ) from error


def _difference(there: Connection, here: Connection, one: _Rows) -> str:
    """The first row that is not as it was, in words."""
    for rows in one.leaving(there):
        for row in rows:
            key: Mapping[str, Any] = {name: one.named(row)[name] for name in one.keys}
            if sum(_digest(found) for found in one.all(here, **key)) != _digest([row]):
                shown = ", ".join(f"{name} {value}" for name, value in key.items())
                return f"the row of {one.name} with {shown} is another one in the copy"
    return f"the copy has rows of {one.name} that were not there"
