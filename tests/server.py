"""A PostgreSQL server for tests, thrown away afterwards; where there is none, its tests are skipped."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

_SETTINGS = """
listen_addresses = ''
max_connections = 60
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
autovacuum = off
"""
NONE = "no PostgreSQL server on this machine (initdb, or FTBENCH_TEST_POSTGRESQL, the folder it is in)"


class Server:
    """A server that runs; each database is a schema of its own, which is made in a millisecond."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self._programs = folder, programs
        self._numbers = itertools.count()
        self._run("initdb", "-D", "data", "-U", "ftbench", "-A", "trust", "-E", "UTF8", "--no-sync")
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(f"{_SETTINGS}unix_socket_directories = '{folder}'\n")
        self.start()

    @property
    def url(self) -> str:
        """The address of the server's first database."""
        return self.address("postgres")

    def address(self, name: str, more: str = "") -> str:
        """The address of a database."""
        return f"postgresql://ftbench@/{name}?host={self.folder}{more}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """End it: ``immediate`` is what a crash is."""
        self._run("pg_ctl", "-D", "data", "-m", mode, "-w", "stop")

    def sql(self, statement: str, name: str = "postgres") -> list[Any]:
        """What a statement gives, outside a transaction."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="ftbench", dbname=name, autocommit=True) as one:
            cursor = one.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty database, which goes at the end."""
        schema = f"test_{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {schema}")
        yield self.address("postgres", f"&options=-csearch_path%3D{schema}")
        self.sql(f"DROP SCHEMA {schema} CASCADE")

    def _run(self, program: str, *arguments: str) -> None:
        root = os.getuid() == 0  # whom it refuses
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.folder,
            user="nobody" if root else None,
            group="nogroup" if root else None,
            extra_groups=[] if root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # a server that is started keeps it
        )
        assert done.returncode == 0, f"{program} {arguments} in {self.folder}"


def programs() -> Path | None:
    """The folder with the server's programs; the newest where there are several."""
    given = os.environ.get("FTBENCH_TEST_POSTGRESQL")
    found = [Path(given)] if given else []
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    usual = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(usual, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), reverse=True)
    return next((path for path in found if (path / "initdb").exists()), None)


@contextmanager
def started() -> Iterator[Server]:
    """A server, stopped at the end; skips where there is none."""
    there = programs()
    if there is None:
        pytest.skip(NONE)
    folder = Path(tempfile.mkdtemp(prefix="ftbench-pg-", dir="/tmp"))  # the path of a socket is short
    if os.getuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    server = None
    try:
        server = Server(folder, there)
        yield server
    finally:
        if server is not None and (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


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
            statements.append(_plain(statement, parameters))

    event.listen(connection, "before_cursor_execute", keep)
    migrate(connection)
    event.remove(connection, "before_cursor_execute", keep)
    _made.extend(statements)


def _plain(statement: str, parameters: Any) -> str:
    """A statement with its few values, which are revisions."""
    for name, value in dict(parameters or {}).items():
        statement = re.sub(rf"%\({name}\)s(::\w+)?", f"'{value}'", statement)
    return statement.replace("%%", "%")
