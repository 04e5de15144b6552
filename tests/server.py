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
from ftbench.db import create_database
from ftbench.db.tables import metadata

_SETTINGS = {
    "max_connections": "60",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}
NONE = "no PostgreSQL server on this machine (initdb, or FTBENCH_TEST_POSTGRESQL, the folder it is in)"
#: The form of a schema: every change to a table, a column, an index, a function or a trigger shows in it.
_SHAPE = " UNION ALL ".join(
    f"SELECT count(*), max({catalog}.xmin::text::bigint) FROM {catalog} {joined} "
    f"WHERE {namespace} = '{{schema}}'::regnamespace"
    for catalog, joined, namespace in (
        ("pg_class", "", "relnamespace"),
        ("pg_proc", "", "pronamespace"),
        ("pg_attribute", "JOIN pg_class c ON c.oid = attrelid", "c.relnamespace"),
        ("pg_trigger", "JOIN pg_class c ON c.oid = tgrelid", "c.relnamespace"),
    )
)
#: Tables that have rows from the beginning, which ``kept`` holds.
_BEGUN = ("alembic_version", "chain_ends", "settings")
_KEEP = "CREATE SCHEMA kept; " + "; ".join(f"CREATE TABLE kept.{t} AS TABLE {{schema}}.{t}" for t in _BEGUN)
_KEEP += "; DELETE FROM kept.settings WHERE name = 'id'"
_EMPTY = "; ".join(
    [
        "BEGIN; SET LOCAL session_replication_role = replica",  # in any order, whatever refers to what
        *(f"DELETE FROM {{schema}}.{name}" for name in dict.fromkeys((*metadata.tables, *_BEGUN))),
        *(f"INSERT INTO {{schema}}.{name} SELECT * FROM kept.{name}" for name in _BEGUN),
        "COMMIT",
    ]
)


class Server(_server.Server):
    """A server that runs; each database is a schema of its own, which is made in some milliseconds."""

    def __init__(self) -> None:
        super().__init__(_SETTINGS)
        self._numbers = itertools.count()
        self._connections: dict[str, Any] = {}  # connections, by database
        self._shapes: dict[str, Any] = {}  # of the schemas that have their tables
        self._free: list[str] = []

    def sql(self, statement: str, name: str = "postgres") -> list[Any]:
        """What a statement gives, outside a transaction."""
        import psycopg

        try:
            return self._rows(statement, name)
        except psycopg.OperationalError:  # the server was restarted meanwhile
            self._connections.pop(name).close()
            return self._rows(statement, name)

    def _rows(self, statement: str, name: str) -> list[Any]:
        import psycopg

        if name not in self._connections:
            self._connections[name] = psycopg.connect(self.address(name), autocommit=True)
        cursor = self._connections[name].execute(statement)
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty database, which goes at the end."""
        schema = self._made()
        yield self._at(schema)
        self.sql(f"DROP SCHEMA {schema} CASCADE")

    @contextmanager
    def ready(self) -> Iterator[str]:
        """The address of a database with its tables; while these keep their form, others get it emptied."""
        if not self._free:
            schema = self._made()
            create_database(self._at(schema)).close()
            if not self._shapes:
                self.sql(_KEEP.format(schema=schema))
            self._shapes[schema] = self.sql(_SHAPE.format(schema=schema))
            self._free.append(schema)
        schema = self._free.pop()
        yield self._at(schema)
        if self.sql(_SHAPE.format(schema=schema)) == self._shapes[schema]:
            self.sql(_EMPTY.format(schema=schema))
            self._free.append(schema)
        else:
            self.sql(f"DROP SCHEMA {schema} CASCADE")

    def _made(self) -> str:
        schema = f"test_{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {schema}")
        return schema

    def _at(self, schema: str) -> str:
        return f"{self.address()}&options=-csearch_path%3D{schema}"


@contextmanager
def started() -> Iterator[Server]:
    """A server, thrown away at the end; skips where there is none."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL here: it is the extra 'postgres'")
    if _server.binaries() is None:
        pytest.skip(NONE)
    with Server() as server:
        yield server


_statements: list[str] = []


def migrate_once(connection: Connection, migrate: Callable[[Connection], None]) -> None:
    """Bring an empty database of PostgreSQL to this version's form by what the first migration executed."""
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
    if connection.exec_driver_sql(tables).scalar():
        migrate(connection)  # an older one
        return
    if _statements:
        connection.connection.cursor().execute(";".join(_statements))
        return
    statements: list[str] = []

    def keep(_: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            rows = parameters if isinstance(parameters, list) else [parameters]
            statements.extend(_plain(statement, row) for row in rows)

    event.listen(connection, "before_cursor_execute", keep)
    migrate(connection)
    event.remove(connection, "before_cursor_execute", keep)
    _statements.extend(statements)


def _plain(statement: str, parameters: Any) -> str:
    """A statement with its few values, which are revisions."""
    for name, value in dict(parameters or {}).items():
        statement = re.sub(rf"%\({name}\)s(::\w+)?", f"'{value}'", statement)
    return statement.replace("%%", "%")
