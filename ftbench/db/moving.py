"""Moving: a whole database, from one address to another, between systems too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from ftbench.db.backends.addresses import backend_of
from ftbench.db.backends.base import Backend
from ftbench.db.copying import Copied, copy_rows, filled
from ftbench.db.database import TIMEOUT, _revision, open_database
from ftbench.db.engine import Store
from ftbench.db.migrations import HEAD, migrate
from ftbench.errors import DatabaseError
from ftbench.settings import sqlite_path


def copy_database(
    source: str,
    target: str,
    told: Callable[[int, int], None] = lambda done, total: None,
    *,
    timeout: float = TIMEOUT,
) -> Copied:
    """Copy a database, as it is at one moment, into one that is empty or not there; all or nothing.

    Args:
        source: its address; others may go on working in it.
        target: the address of the copy.
        told: hears how many rows were handled of how many; see ``copy_rows``.
        timeout: seconds to wait for another program's lock.

    Raises:
        DatabaseError: and its kinds, as ``open_database``; the target is not empty; a row did not arrive.
    """
    backend = backend_of(target)
    with open_database(source, write=False, timeout=timeout) as opened, opened._store.reading() as there:
        new = not backend.exists()
        store = Store(backend, backend.engine(write=True, migrating=True, timeout=timeout), writable=True)
        try:
            with store.writing(alone=True) as here:
                _prepare(here.connection, backend)
                copied = copy_rows(there, here, told)
                backend.settle(here.connection)
                return copied
        except BaseException:
            store.close()
            if new:
                _remove(sqlite_path(target))
            raise
        finally:
            store.close()


def _prepare(connection: Connection, backend: Backend) -> None:
    """Make the tables where there are none.

    Raises:
        DatabaseError: there is something in them, or they are of an older version.
    """
    revision = _revision(connection, backend)
    if revision is None:
        migrate(connection)
        backend.prepare(connection)
    elif revision != HEAD:
        raise DatabaseError(
            f"{backend.shown} is of an older version of ftbench: name a new place for the copy"
        )
    elif table := filled(connection):
        raise DatabaseError(
            f"{backend.shown} is not empty, it has rows in {table}: name a new place, or take over what is "
            "missing there with `ftbench merge`"
        )


def _remove(path: Path | None) -> None:
    """Leave no empty file where there was none; on a server, what is not committed is gone by itself."""
    if path is not None:
        for end in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + end).unlink(missing_ok=True)
