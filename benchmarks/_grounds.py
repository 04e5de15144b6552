"""Databases under fire, for ``benchmarks.chaos``: a SQLite file, and one on a server that is thrown away."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

from benchmarks._server import Server

#: What a disturbance may fail with, where there is nothing to disturb.
Missed = (OSError, IndexError, sqlite3.OperationalError)
Kinds = dict[str, Callable[[Any, random.Random], None]]


class Ground(Protocol):
    """A database under fire.

    Attributes:
        address: as workers are given it.
        folder: where its workers run.
        kinds: what is done to it, by name.
    """

    address: str
    folder: Path
    kinds: Kinds

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into it as any other tool would."""

    def execute(self, statement: str) -> None:
        """Change it behind everybody's back, if that is possible now."""

    def keep(self) -> None:
        """Mend what whoever cares for it would mend."""


class File:
    """A SQLite file; see ``Ground``."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.path, self.address, self.folder = path, str(path), path.parent
        self.kinds: Kinds = {
            "database locked": lambda g, draw: g.lock(draw.uniform(0.05, 0.5)),
            "database locked past the leases": lambda g, draw: g.lock(6.0),
            "database replaced by a copy": lambda g, draw: g.replace(),
        }

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """See ``Ground``."""
        with closing(sqlite3.connect(self.path, timeout=60)) as connection:
            return connection.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        """See ``Ground``."""
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(self.path, timeout=5)) as connection,
            connection,
        ):
            connection.execute(statement)

    def keep(self) -> None:
        """Nothing; see ``Ground``."""

    def lock(self, seconds: float) -> None:
        """Hold the database's write lock."""
        with closing(sqlite3.connect(self.path, timeout=1, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    def replace(self) -> None:
        """Put a copy of the database, which holds the same, in its place."""
        copy = self.path.with_suffix(".copy")
        copy.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self.path, timeout=1, isolation_level=None)) as lock,
            closing(sqlite3.connect(self.path)) as reader,
        ):
            lock.execute("BEGIN IMMEDIATE")
            reader.execute("VACUUM INTO ?", [str(copy)])
            for end in ("-wal", "-shm"):
                Path(f"{self.path}{end}").unlink(missing_ok=True)
            copy.replace(self.path)
            lock.execute("ROLLBACK")


class OnServer:
    """A database on a PostgreSQL of its own; see ``Ground``."""

    def __init__(self, server: Server, name: str, folder: Path) -> None:
        """Make an empty database.

        Args:
            server: that runs; where its disk is a small one, it may be filled.
            name: of the database.
            folder: where its workers run.
        """
        self.server, self.folder = server, folder
        self.address = server.create(name)
        self.kinds: Kinds = {
            "server restarted": lambda g, draw: g.restart("fast"),
            "server crashed": lambda g, draw: g.restart("immediate"),
            "server away for a while": lambda g, draw: g.restart("fast", draw.uniform(1.0, 5.0)),
            "server stopped": lambda g, draw: g.server.pause(draw.uniform(0.1, 2.0)),
            "server stopped past the leases": lambda g, draw: g.server.pause(6.0),
            "one connection cut": lambda g, draw: g.cut("ORDER BY random() LIMIT 1"),
            "all connections cut": lambda g, draw: g.cut(""),
            "all connections taken": lambda g, draw: g.crowd(draw.uniform(0.5, 2.0)),
            "jobs locked": lambda g, draw: g.lock(draw.uniform(0.05, 0.5)),
            "jobs locked past the leases": lambda g, draw: g.lock(6.0),
        }
        if server.megabytes is not None:
            self.kinds["server's disk full"] = lambda g, draw: g.fill_disk(draw.uniform(0.5, 4.0))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """See ``Ground``; waits for the server."""
        import psycopg

        end = time.monotonic() + 60
        while True:
            try:
                with self._connected() as connection:
                    return connection.execute(query).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                self.keep()
                time.sleep(0.1)

    def execute(self, statement: str) -> None:
        """See ``Ground``."""
        import psycopg

        with suppress(psycopg.OperationalError), self._connected() as connection:
            connection.execute("SET lock_timeout = '5s'")
            connection.execute(statement)

    def keep(self) -> None:
        """Start the server where it has fallen; see ``Ground``."""
        self.server.start()

    def restart(self, mode: str, away: float = 0.0) -> None:
        """End the server, and start it again after some seconds."""
        self.server.stop(mode)
        time.sleep(away)
        self.server.start()

    def cut(self, which: str) -> None:
        """End connections of the workers."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = "
            f"current_database() AND pid <> pg_backend_pid() {which}) AS others"
        )

    def crowd(self, seconds: float) -> None:
        """Take all connections that the server has."""
        import psycopg

        taken = []
        try:
            with suppress(psycopg.OperationalError):
                while True:
                    taken.append(self._connected())
            time.sleep(seconds)
        finally:
            for connection in taken:
                connection.close()

    def lock(self, seconds: float) -> None:
        """Let nobody read or write jobs."""
        import psycopg

        with suppress(psycopg.OperationalError), self._connected() as connection:
            connection.execute("SET lock_timeout = '1s'")
            connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
            time.sleep(seconds)
            connection.rollback()

    def fill_disk(self, seconds: float) -> None:
        """Leave no space for the server's data for a while; it may fall, and is started again."""
        with self.server.full_disk():
            time.sleep(seconds)
        self.keep()

    def _connected(self) -> Any:
        import psycopg

        return psycopg.connect(self.address, connect_timeout=10)
