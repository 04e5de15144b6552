"""Connections and transactions: short ones that read, and ones that hold the write lock from the start."""

from __future__ import annotations

import itertools
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, event
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from ftbench.db.backends.base import Backend
from ftbench.db.driver_query import DriverQuery, asked_of, in_its_words
from ftbench.db.names import ModelNames
from ftbench.errors import BadValue, DatabaseError, DatabaseGone, DatabaseReadOnly

_BATCH = 10_000  # rows that are read at once
_NO_MORE = "nothing more is written to it"
_IDENTITY = "SELECT value FROM settings WHERE name = 'id'"
_NAMED = "INSERT INTO settings (name, value) VALUES ('id', :value) ON CONFLICT (name) DO NOTHING"

for _library in ("sqlalchemy.pool", "psycopg"):  # Python prints their tracebacks beside our line
    logging.getLogger(_library).addHandler(logging.NullHandler())


class Transaction:
    """A transaction that writes: statements go to the driver's cursor, two to three times as fast.

    Statements are written with ``:name`` parameters and in SQL that every backend reads.

    Attributes:
        connection: the same transaction for SQLAlchemy's statements.
    """

    def __init__(
        self, connection: Connection, clock: str, compiled: dict[str, str], backend: Backend | None = None
    ) -> None:
        """Wrap a connection on which a transaction is open; without a backend it has no rows to hold."""
        self.connection = connection
        self._clock, self._backend = clock, backend
        self._compiled = compiled
        self._cursor: DBAPICursor = connection.connection.cursor()

    def run(self, sql: str, **values: Any) -> int:
        """Execute a statement; the number of rows it changed."""
        self._cursor.execute(in_its_words(sql, self.connection, self._compiled), values)
        return self._cursor.rowcount

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute a statement once for each row of values; the number of rows changed in all."""
        if not rows:
            return 0
        self._cursor.executemany(in_its_words(sql, self.connection, self._compiled), rows)
        return self._cursor.rowcount

    def one(self, sql: str, **values: Any) -> Any:
        """The first row of a query, None where there is none."""
        self._cursor.execute(in_its_words(sql, self.connection, self._compiled), values)
        return self._cursor.fetchone()

    def all(self, sql: str, **values: Any) -> Sequence[Any]:
        """All rows of a query."""
        self._cursor.execute(in_its_words(sql, self.connection, self._compiled), values)
        return self._cursor.fetchall()

    def held(self, sql: str, **values: Any) -> Any:
        """The first row of a query on one table, which nobody else changes until this transaction ends."""
        return self.one(f"{sql} {self._backend.hold if self._backend else ''}", **values)

    def hold_jobs(self) -> None:
        """Keep all others from changing jobs until this transaction ends; claims wait."""
        if self._backend and self._backend.hold_jobs:
            self.run(self._backend.hold_jobs)

    @property
    def clock(self) -> str:
        """SQL for the seconds since 1970 by the database's clock; ``now`` asks for them."""
        return self._clock

    def now(self) -> float:
        """Seconds since 1970 by the database's clock; workers' clocks are never compared."""
        return float(self.one(f"SELECT {self.clock}")[0])


class Store:
    """An open database: hands out transactions, and turns the driver's errors into ours."""

    def __init__(self, backend: Backend, engine: Engine, *, writable: bool) -> None:
        """Take an engine of the backend's; connections are opened when first used."""
        self.backend, self.writable = backend, writable
        self._engine = engine
        self._writer = engine.execution_options(ftbench_writes=True)
        self._durable = engine.execution_options(ftbench_writes=True, ftbench_durable=True)
        self._alone = engine.execution_options(ftbench_writes=True, ftbench_alone=True)
        self._files = backend.watch()
        self._identity: str | None = None
        self._compiled: dict[str, str] = {}
        self._model_names = ModelNames()
        self.aside: dict[str, str] = {}
        event.listen(engine, "begin", self._begin)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A short transaction that sees one state of the database throughout."""
        with self.explained(), self._engine.begin() as connection:
            yield connection

    def model_names(self) -> dict[tuple[str, str], str]:
        """(id, revision) -> name of the models whose id is shared by several folders."""
        with self.reading() as connection:
            return self._model_names.names(connection)

    def shown_model(self) -> ColumnElement[str]:
        """The column of models, in which folders of one last name are told apart."""
        with self.reading() as connection:
            return self._model_names.column(connection)

    def rows(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        """All rows of a query as the driver gives them: SQLAlchemy's rows would take as long again."""
        with self.reading() as connection:
            return self.rows_of(connection, query)

    def rows_of(self, connection: Connection, query: Select[Any]) -> list[tuple[Any, ...]]:
        """``rows`` within a transaction, of which several queries see one state."""
        return self.rows_asked(connection, asked_of(connection, query))

    def rows_asked(self, connection: Connection, asked: DriverQuery) -> list[tuple[Any, ...]]:
        """``rows_of`` for a query that is asked again and again, and was put into the driver's words once."""
        return list(itertools.chain.from_iterable(self._batches(connection, asked)))

    def batches(self, query: Select[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
        """``rows``, some at a time: of very many, all together would not fit into memory."""
        with self.reading() as connection:
            yield from self._batches(connection, asked_of(connection, query))

    def _batches(self, connection: Connection, asked: DriverQuery) -> Iterator[Sequence[tuple[Any, ...]]]:
        cursor, given = connection.connection.cursor(), 0
        try:
            cursor.execute(asked.sql, asked.values)
            while found := cursor.fetchmany(_BATCH):
                yield found
                given += len(found)
        except self._engine.dialect.loaded_dbapi.Error as error:
            if not self.backend.misread(error):
                raise
            with self.backend.any_text(connection):
                cursor = connection.connection.cursor()
                cursor.execute(asked.sql, asked.values)
                yield cursor.fetchall()[given:]

    def query(self, sql: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Answer a user's query: the names of its columns, and its rows.

        Raises:
            UsageError: it is not a query, or has a mistake; the database says so.
        """
        with self.reading() as connection, self.backend.asking(connection) as cursor:
            try:
                cursor.execute(sql)
                rows = cursor.fetchall()
            except (UnicodeEncodeError, self._engine.dialect.loaded_dbapi.Error) as error:
                wrong = self.backend.explain_query(error)
                if wrong is None:
                    raise
                raise wrong from error
            if cursor.description is None:
                raise BadValue("query: nothing is asked; write SELECT …")
            return tuple(column[0] for column in cursor.description), [tuple(row) for row in rows]

    @contextmanager
    def writing(self, *, durable: bool = False, alone: bool = False) -> Iterator[Transaction]:
        """A transaction that writes; all of it is kept, or on an exception nothing.

        Others may write meanwhile where the system lets them (PostgreSQL does, SQLite does not). One that
        changes a single job holds that job's row before it looks at anything; one that changes several, or
        must see what others are about to add, is alone. So nobody waits for somebody who waits for him.

        Args:
            durable: it is on the disk when this ends, in the file that was opened, whatever happens to the
                machine; it costs some milliseconds.
            alone: no other transaction that is to be alone goes on meanwhile.

        Raises:
            DatabaseReadOnly: the database was opened for reading.
            DatabaseBusy: another program held the lock for longer than the timeout.
            DatabaseGone: its file is not the one that was opened, and the transaction may not be in it.
        """
        if not self.writable:
            raise DatabaseReadOnly(f"{self.backend.shown} was opened for reading only")
        writer = self._durable if durable else self._alone if alone else self._writer
        with self.explained():
            self._check_files()
            with writer.begin() as connection:
                transaction = Transaction(connection, self.backend.now, self._compiled, self.backend)
                if self._files.touched:
                    self._check_identity(transaction)
                yield transaction
            if durable:  # what went into a file that was deleted meanwhile is not kept
                self._check_files()

    def at_once(self, sql: str, **values: Any) -> Any:
        """The first row of a statement that is a transaction of its own; None where it has changed nothing.

        Args:
            sql: one of the backend's ``at_once``.
            values: of its parameters.

        Raises:
            DatabaseError: as ``writing``; it may have been committed all the same.
        """
        with self.explained(), self._engine.connect() as connection:
            if self._files.touched:  # the identity is to be looked at first
                return None
            cursor = connection.connection.cursor()
            try:
                cursor.execute(in_its_words(sql, connection, self._compiled), values)
            except self._engine.dialect.loaded_dbapi.IntegrityError:
                return None
            return cursor.fetchone()

    def single(self, sql: str) -> Sequence[Any]:
        """All rows of one query, which needs no transaction around it."""
        with self.explained(), self._engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall()

    def identify(self) -> None:
        """Learn the database's name for itself, which it is given if it has none; each write looks at it.

        Raises:
            DatabaseError: as ``writing``.
        """
        with self.reading() as connection:
            known = connection.exec_driver_sql(_IDENTITY).scalar()
        if known is None:
            with self.writing() as transaction:
                transaction.run(_NAMED, value=uuid.uuid4().hex)
                known = _identity(transaction)
        self._identity = str(known)

    def _check_identity(self, transaction: Transaction) -> None:
        if self._identity is not None and _identity(transaction) != self._identity:
            raise DatabaseGone(f"{self.backend.shown} holds another database now: {_NO_MORE}")
        _refuse(self._files.wrong_inside(transaction.connection))

    def _check_files(self) -> None:
        _refuse(self._files.wrong())

    def set_aside(self, digest: object, reason: str) -> None:
        """Leave a row out of all that is read, and keep why in ``aside``, by its digest if it has one."""
        self.aside.setdefault(digest if isinstance(digest, str) else repr(digest), reason)

    @contextmanager
    def bare(self) -> Iterator[Connection]:
        """A connection without a transaction, for what cannot run inside one."""
        with self.explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the driver's errors into ours; what we have no word for is a bug and passes."""
        try:
            yield
        except (DBAPIError, self._engine.dialect.loaded_dbapi.Error, UnicodeDecodeError) as error:
            ours = self.backend.explain(error)
            if ours is None and (isinstance(error, UnicodeDecodeError) or self.backend.misread(error)):
                ours = DatabaseError(
                    f"{self.backend.shown} is damaged: a text in it is none; restore a backup"
                )
            if ours is None:
                raise
            raise ours from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _begin(self, connection: Connection) -> None:
        options = connection.get_execution_options()
        writes, durable = options.get("ftbench_writes", False), options.get("ftbench_durable", False)
        if writes and durable != connection.info.get("durable", False):
            self.backend.set_durable(connection, durable)
            connection.info["durable"] = durable
        self.backend.begin(connection, write=writes, alone=options.get("ftbench_alone", False))


def _refuse(wrong: str | None) -> None:
    if wrong is not None:
        raise DatabaseGone(wrong)


def _identity(transaction: Transaction) -> str | None:
    """What the database calls itself; None where it does not."""
    row = transaction.one(_IDENTITY)
    return str(row[0]) if row else None
