"""Database: opening, making, upgrading and copying one, and the stores in it."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ftbench.db.allocations import Launches
from ftbench.db.backends.addresses import backend_of
from ftbench.db.backends.base import Backend
from ftbench.db.board import Board
from ftbench.db.claims import DeclaredClaims
from ftbench.db.engine import Store
from ftbench.db.failures import Failures
from ftbench.db.health import Health
from ftbench.db.jobs import Jobs
from ftbench.db.merging import Merged, merge
from ftbench.db.migrations import HEAD, REVISIONS, migrate
from ftbench.db.pruning import FailedAttempts
from ftbench.db.published import PublishedNumbers
from ftbench.db.results import Results
from ftbench.db.studies import Studies
from ftbench.db.tables import metadata, settings
from ftbench.db.topups import Topups
from ftbench.domain import shell
from ftbench.errors import DatabaseError, DatabaseMissing, NewerDatabase, NotOurDatabase

TIMEOUT = 30.0  # seconds to wait for another program's lock
_MARK = select(settings.c.value).where(settings.c.name == "application")


class Database:
    """An open database; close it, or use it as a context manager.

    It may be shared by threads, but not carried through a fork.

    Attributes:
        address: as it was given, but for a password.
        jobs: the queue.
        results: what done jobs left behind.
        published: the numbers printed in papers.
        claims: what was declared before it was run.
        topups: by which plans seeds are added.
        studies: how methods are tuned.
        health: what is wrong with it.
        failed_attempts: those that done jobs no longer need.
        failures: which jobs wait because others like them failed.
        launches: where workers were asked for, and what became of them.
        board: the queue at a glance.
    """

    def __init__(self, address: str, store: Store) -> None:
        """Take an open store; see ``open_database`` and ``create_database``."""
        self.address = address
        self.jobs = Jobs(store)
        self.results = Results(store)
        self.published = PublishedNumbers(store)
        self.claims = DeclaredClaims(store)
        self.topups = Topups(store)
        self.studies = Studies(store)
        self.health = Health(store)
        self.failed_attempts = FailedAttempts(store)
        self.failures = Failures(store)
        self.launches = Launches(store)
        self.board = Board(store)
        self._store = store

    def setting(self, name: str, default: str) -> str:
        """A value that is fixed for the database: the first one to be asked for stays.

        Returns:
            The stored value; where there is none, ``default``, stored from now on if the database is
            open for writing.
        """
        query = select(settings.c.value).where(settings.c.name == name)
        with self._store.reading() as connection:
            found = connection.scalar(query)
        if found is not None or not self._store.writable:
            return default if found is None else str(found)
        with self._store.writing() as transaction:
            transaction.run(
                "INSERT INTO settings (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING",
                name=name,
                value=default,
            )
            return str(transaction.connection.scalar(query))

    @property
    def aside(self) -> dict[str, str]:
        """The rows that were left out so far, because they cannot be believed: digest -> why."""
        return dict(self._store.aside)

    def merge(self, other: Database) -> Merged:
        """Take over what another database has, all or nothing; again changes nothing.

        Args:
            other: in which ``health`` finds no trouble.

        Raises:
            DatabaseError: this one cannot be written, or the other one not read.
        """
        return merge(self._store, other._store)

    def query(self, sql: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Answer a query in SQL: the names of its columns, and its rows.

        Raises:
            UsageError: it has a mistake, or would change something; the database itself refuses that.
        """
        return self._store.query(sql)

    def close(self) -> None:
        """Close all connections."""
        self._store.close()

    def __enter__(self) -> Self:
        """The database itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def open_database(address: str, *, write: bool = True, timeout: float = TIMEOUT) -> Database:
    """Open a database that exists.

    Args:
        address: a path, or a SQLAlchemy address.
        write: False opens without a right to write, also from a read-only folder.
        timeout: seconds to wait for another program's lock.

    Raises:
        DatabaseMissing: there is none; the message says what makes it.
        DatabaseError: it is of an older version; the message says what to run.
        DatabaseReadOnly: ``write`` is asked for and not allowed.
        DatabaseBusy: another program holds the lock.
        NotOurDatabase: something else is at the address.
        NewerDatabase: a newer version of ftbench wrote it.
    """
    backend = backend_of(address)
    revision = _look(backend, timeout)
    if revision is None:
        raise _missing(backend)
    if revision != HEAD:
        raise DatabaseError(f"{backend.shown} is of an older version of ftbench: run `ftbench db upgrade`")
    store = Store(backend, backend.engine(write=write, timeout=timeout), writable=write)
    if write:
        store.identify()
    return Database(backend.address, store)


def create_database(address: str, *, timeout: float = TIMEOUT) -> Database:
    """Open a database for writing, after making it if there is none; several processes may do so at once.

    Raises:
        DatabaseError: and its kinds, as ``open_database``.
    """
    backend = backend_of(address)
    if _look(backend, timeout) is None:
        _migrate(backend, timeout)
    return open_database(address, timeout=timeout)


def upgrade_database(address: str, *, timeout: float = TIMEOUT) -> Path | None:
    """Bring a database to this version's schema, all or nothing, after copying it to a file beside it.

    Returns:
        The copy; None where nothing had to be changed.

    Raises:
        DatabaseError: and its kinds, as ``open_database``; it is not what its version made; no copy can be
            written.
    """
    backend = backend_of(address)
    revision = _look(backend, timeout)
    if revision is None:
        raise _missing(backend)
    if revision == HEAD:
        return None
    target = backend.backup_place(revision)
    store = Store(backend, backend.engine(write=False, timeout=timeout), writable=False)
    try:
        with store.bare() as connection:
            backend.backup(connection, target)
    finally:
        store.close()
    try:
        return target if _migrate(backend, timeout) else None
    except DatabaseError:
        target.unlink(missing_ok=True)  # nothing was changed
        raise


def backup_database(address: str, target: Path, *, timeout: float = TIMEOUT) -> None:
    """Copy a database to a new file, consistent while others work on it.

    Raises:
        DatabaseError: the target exists, and as ``open_database``.
    """
    if target.exists():
        raise DatabaseError(f"{target} exists: name a new file for the copy")
    if not target.absolute().parent.is_dir():
        raise DatabaseError(f"no folder {target.absolute().parent} for the copy: make it, or choose another")
    if not os.access(target.absolute().parent, os.W_OK):
        raise DatabaseError(
            f"the folder {target.absolute().parent} is read-only: choose another for the copy"
        )
    with open_database(address, write=False, timeout=timeout) as database:
        store = database._store
        with store.bare() as connection:
            store.backend.backup(connection, target)


def _missing(backend: Backend) -> DatabaseMissing:
    made = shell.joined(["ftbench", "db", "init", "--db", backend.shown])
    return DatabaseMissing(f"no database at {backend.shown}: `{made}` makes it")


def _look(backend: Backend, timeout: float) -> str | None:
    """The revision of what is at the address, None where there is nothing; does not change it.

    A database that is not ours must not be opened for writing: that alone would switch it to WAL.
    """
    if not backend.exists():
        return None
    store = Store(backend, backend.engine(write=False, timeout=timeout), writable=False)
    try:
        with store.reading() as connection:
            return _revision(connection, backend)
    finally:
        store.close()


def _revision(connection: Connection, backend: Backend) -> str | None:
    """The schema's revision; None where there are no tables at all.

    Raises:
        NotOurDatabase: there are tables, and not ours.
        NewerDatabase: the revision is not one that this version knows.
    """
    schema = inspect(connection)
    tables = set(schema.get_table_names())
    if not tables:
        return None
    ours = {"alembic_version", settings.name} <= tables
    ours = ours and {column["name"] for column in schema.get_columns(settings.name)} >= set(settings.c.keys())
    if not ours or connection.scalar(_MARK) != "ftbench":
        raise NotOurDatabase(f"{backend.shown} is not a database of ftbench: choose another with --db")
    if views := set(schema.get_view_names()) & metadata.tables.keys():  # a query that may never end
        raise DatabaseError(f"{backend.shown} has a view in the place of its table '{min(views)}'")
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    if len(found) != 1:
        raise DatabaseError(
            f"{backend.shown} names {len(found)} versions of its form in the place of one: restore a backup"
        )
    revision = str(found[0])
    if revision not in REVISIONS:
        raise NewerDatabase(
            f"{backend.shown} was written by a newer version of ftbench (schema {revision}, this one knows "
            f"{HEAD}): run `pip install --upgrade ftbench`"
        )
    return revision


def _migrate(backend: Backend, timeout: float) -> bool:
    """Bring an older or empty database to the newest revision; False where another process was faster.

    Raises:
        DatabaseError: what is there is not what its revision made.
    """
    store = Store(backend, backend.engine(write=True, migrating=True, timeout=timeout), writable=True)
    try:
        with store.writing(alone=True) as transaction:
            revision = _revision(transaction.connection, backend)
            if revision == HEAD:
                return False
            try:
                migrate(transaction.connection)
                backend.prepare(transaction.connection)
            except (SQLAlchemyError, ValueError, KeyError, TypeError, RecursionError) as error:
                known = backend.explain(error) if isinstance(error, DBAPIError) else None
                if known is not None and not isinstance(known, NotOurDatabase):
                    raise  # the disk's or another program's fault
                raise DatabaseError(
                    f"{backend.shown} cannot be upgraded: it is not what schema {revision} made "
                    f"({str(error).splitlines()[0]:.200}); nothing was changed, restore a backup of it"
                ) from error
            return True
    finally:
        store.close()
