"""Copying: every row of one state of a database, put into another one and compared there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, Table, func, or_, select

from ftbench.db.engine import Transaction
from ftbench.db.tables import attempts, jobs, metadata, published, settings
from ftbench.domain.result import State
from ftbench.errors import DatabaseError

BATCH = 500  # rows in memory at a time; a row of logits may have a megabyte
_Row = tuple[Any, ...]
_RUNNING = select(jobs.c.digest).where(jobs.c.state == str(State.RUNNING))


@dataclass
class Copied:
    """What was copied.

    Attributes:
        rows: of each table, by its name.
        requeued: jobs that a worker was running, which are queued in the copy.
    """

    rows: dict[str, int] = field(default_factory=dict)
    requeued: int = 0


@dataclass
class _Digest:
    """Of rows in any order: the sum of their SHA-256, so that neither database has to sort them."""

    value: int = 0

    def add(self, rows: Sequence[_Row]) -> None:
        for row in rows:
            self.value += int.from_bytes(hashlib.sha256(repr(row).encode()).digest())


def copy_rows(
    there: Connection, here: Transaction, told: Callable[[int, int], None] = lambda done, total: None
) -> Copied:
    """Copy all rows, and compare the digests of what was read and of what is there afterwards.

    Jobs that run are queued in the copy, as nobody runs them there; their open attempts do not count and are
    left out. A database's name for itself is left out, too: the copy is another one.

    Args:
        there: a transaction that sees one state of a database of this version.
        here: a transaction on a database of this version that ``filled`` finds empty.
        told: hears how many rows were handled of how many, each row twice: copied, and compared.

    Raises:
        DatabaseError: a row is refused, or did not arrive as it was; the transaction is to be rolled back.
    """
    tables = metadata.sorted_tables
    counted = {table: int(there.scalar(_counted(table)) or 0) for table in tables}
    total, done = 2 * sum(counted.values()), 0
    found = Copied({table.name: number for table, number in counted.items()})
    found.requeued = int(there.scalar(select(func.count()).select_from(_RUNNING.subquery())) or 0)
    digests = {table: _Digest() for table in tables}
    for table in (published, settings):  # a new database has some of its own
        here.connection.execute(table.delete().where(_ours(table)))
    for table in tables:
        for rows in _arriving(there, table):
            _insert(here, table, rows)
            digests[table].add(rows)
            done += len(rows)
            told(done, total)
    for table in tables:
        arrived = _Digest()
        for rows in _rows(here.connection, _all(table)):
            arrived.add(rows)
            done += len(rows)
            told(done, total)
        if arrived != digests[table]:
            raise DatabaseError(f"{_difference(there, here.connection, table)}; nothing was copied")
    return found


def filled(connection: Connection) -> str | None:
    """The first table that holds what no new database does; None where there is none."""
    for table in metadata.sorted_tables:
        if table not in (published, settings) and connection.execute(select(table).limit(1)).first():
            return table.name
    return None


def _ours(table: Table) -> Any:
    """Of the rows that are copied: all but a database's name for itself."""
    return settings.c.name != "id" if table is settings else True


def _all(table: Table) -> Select[Any]:
    return select(table).where(_ours(table))


def _leaving(table: Table) -> Select[Any]:
    """Of the rows that leave a database: all but attempts that have not ended, of jobs that run."""
    ended = or_(attempts.c.outcome.is_not(None), attempts.c.digest.not_in(_RUNNING))
    return _all(table).where(ended) if table is attempts else _all(table)


def _counted(table: Table) -> Select[Any]:
    return select(func.count()).select_from(_leaving(table).subquery())


def _arriving(there: Connection, table: Table) -> Iterator[list[_Row]]:
    """The rows of a table as they have to be in the copy."""
    if table is not jobs:
        yield from _rows(there, _leaving(table))
        return
    names = [column.name for column in table.columns]
    for rows in _rows(there, _leaving(table)):
        yield [_requeued(names, row) if State.RUNNING in row else row for row in rows]


def _requeued(names: Sequence[str], row: _Row) -> _Row:
    """A job's row; one that runs waits, and the try that it is at does not count."""
    values = dict(zip(names, row, strict=True))
    if values["state"] != State.RUNNING:
        return row
    values |= {"state": str(State.QUEUED), "attempts": values["attempts"] - 1}
    return tuple((values | {"owner": None, "token": None, "expires": None}).values())


def _rows(connection: Connection, query: Select[Any]) -> Iterator[list[_Row]]:
    """The rows of a query, some at a time, in their canonical form: zero has no sign, which SQLite drops."""
    streamed = query.execution_options(stream_results=True, max_row_buffer=BATCH)
    for rows in connection.execute(streamed).partitions(BATCH):
        yield [tuple([one + 0.0 if type(one) is float else one for one in row]) for row in rows]


def _insert(here: Transaction, table: Table, rows: Sequence[_Row]) -> None:
    names = [column.name for column in table.columns]
    into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
    driver = here.connection.dialect.loaded_dbapi
    try:
        here.many(into, [dict(zip(names, row, strict=True)) for row in rows])
    except (driver.IntegrityError, driver.DataError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise DatabaseError(
            f"a row of {table.name} is refused ({reason:.200}); nothing was copied: `ftbench db check` of "
            "what is copied may say more"
        ) from error


def _difference(there: Connection, here: Connection, table: Table) -> str:
    """The first row that is not as it was, in words."""
    keys = [column.name for column in table.primary_key.columns]
    at = [list(table.columns.keys()).index(key) for key in keys]
    for rows in _arriving(there, table):
        for row in rows:
            key = [row[i] for i in at]
            named = [column == value for column, value in zip(table.primary_key.columns, key, strict=True)]
            found = [one for part in _rows(here, _all(table).where(*named)) for one in part]
            if found != [row]:
                shown = ", ".join(f"{name} {value}" for name, value in zip(keys, key, strict=True))
                return f"the row of {table.name} with {shown} is another one in the copy"
    return f"the copy has rows of {table.name} that were not there"
