"""Copying: all rows of a database, of one state, into another one of the same form."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, MetaData, select

from ftbench.db.backends.sqlite import Sqlite
from ftbench.db.engine import Store
from ftbench.db.migrations import migrate

_BATCH = 500  # rows at a time: those of predictions are large
_OWN = "DELETE FROM settings WHERE name = 'id'"  # a database of its own


def copy_rows(source: Connection, target: Connection) -> Mapping[str, int]:
    """Copy every row of every table; the tables of the target are empty, but for what its making wrote there.

    Args:
        source: in a transaction that sees one state throughout.
        target: in a transaction that writes; the same tables and columns, made by the same revision.

    Returns:
        Table -> how many rows.
    """
    tables, counts = MetaData(), {}
    tables.reflect(target)
    names = [table for table in tables.sorted_tables if table.name != "alembic_version"]
    for table in reversed(names):
        target.execute(table.delete())
    for table in names:
        counts[table.name] = 0
        rows = source.execution_options(yield_per=_BATCH).execute(select(table)).mappings()
        for batch in rows.partitions(_BATCH):
            target.execute(table.insert(), [dict(row) for row in batch])
            counts[table.name] += len(batch)
    return counts


def copy_to_file(source: Connection, target: Path) -> None:
    """Make a SQLite file of the same revision with all rows, which is there as a whole or not at all.

    Args:
        source: see ``copy_rows``.
        target: a file that is not there.

    Raises:
        DatabaseError: it cannot be written.
    """
    revision = str(source.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
    part = target.with_name(target.name + ".part")
    try:
        backend = Sqlite(part)
        store = Store(backend, backend.engine(write=True, timeout=1.0, migrating=True), writable=True)
        try:
            with store.writing() as transaction:
                migrate(transaction.connection, revision)
                copy_rows(source, transaction.connection)
        finally:
            store.close()
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
