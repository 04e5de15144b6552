"""A PostgreSQL server for tests, thrown away afterwards; where there is none, its tests are skipped."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from benchmarks import _server

_SETTINGS = {
    "max_connections": "60",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}
NONE = "no PostgreSQL server on this machine (initdb, or FTBENCH_TEST_POSTGRESQL, the folder it is in)"


class Server(_server.Server):
    """A server that runs; each database is a schema of its own, which is made in a millisecond."""

    def __init__(self) -> None:
        super().__init__(_SETTINGS)
        self._numbers = itertools.count()

    def sql(self, statement: str, name: str = "postgres") -> list[Any]:
        """What a statement gives, outside a transaction."""
        import psycopg

        with psycopg.connect(self.address(name), autocommit=True) as one:
            cursor = one.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty database, which goes at the end."""
        schema = f"test_{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {schema}")
        yield f"{self.address()}&options=-csearch_path%3D{schema}"
        self.sql(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def started() -> Iterator[Server]:
    """A server, thrown away at the end; skips where there is none."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL here: it is the extra 'postgres'")
    if _server.binaries() is None:
        pytest.skip(NONE)
    with Server() as server:
        yield server


_made: list[str] = []


def migrate_once(connection: Connection, migrate: Callable[[Connection], None]) -> None:
    """Bring an empty database of PostgreSQL to this version's form by what the first migration executed."""
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
    if connection.exec_driver_sql(tables).scalar():
        migrate(connection)  # an older one
        return
    if _made:
        connection.connection.cursor().execute(";".join(_made))
        return
    statements: list[str] = []

    def keep(_: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            rows = parameters if isinstance(parameters, list) else [parameters]
            statements.extend(_plain(statement, row) for row in rows)

    event.listen(connection, "before_cursor_execute", keep)
    migrate(connection)
    event.remove(connection, "before_cursor_execute", keep)
    _made.extend(statements)


def _plain(statement: str, parameters: Any) -> str:
    """A statement with its few values, which are revisions."""
    for name, value in dict(parameters or {}).items():
        statement = re.sub(rf"%\({name}\)s(::\w+)?", f"'{value}'", statement)
    return statement.replace("%%", "%")
