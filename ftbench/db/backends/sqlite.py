"""SQLite: a file in WAL mode on a local disk, or a file that is only read."""

from __future__ import annotations

import itertools
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from ftbench.db.backends.base import Backend
from ftbench.db.backends.beneath import Beneath
from ftbench.db.tables import metadata
from ftbench.errors import (
    BadValue,
    DatabaseBusy,
    DatabaseError,
    DatabaseGone,
    DatabaseReadOnly,
    NotOurDatabase,
    UsageError,
    nearest,
)

# Locks and the shared memory of WAL do not work across machines; on these the database would be corrupted.
NETWORK = frozenset(
    "nfs nfs4 cifs smb2 smb3 smbfs afs ncpfs 9p ceph lustre gpfs beegfs orangefs pvfs2 panfs glusterfs "
    "fuse.sshfs fuse.glusterfs fuse.ceph fuse.s3fs fuse.gcsfuse fuse.rclone fuse.juicefs fuse.beegfs".split()
)
MOUNTS = Path("/proc/self/mountinfo")
_CACHE = 256 * 1024  # KiB of pages in memory where a whole database is written
#: What a statement may do in a user's query. A file opened for reading can still attach others for writing.
_QUERIES = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_UNKNOWN = re.compile(r"no such (column|table|function): (?:\w+\.)*(\w+)")


class Sqlite(Backend):
    """A SQLite file."""

    # unixepoch('now', 'subsec') says the same but needs SQLite 3.42.
    now = "(julianday('now') - 2440587.5) * 86400.0"
    seen = "PRAGMA data_version"
    shell = "sqlite3"

    def __init__(self, path: Path, address: str = "") -> None:
        """Name the file; nothing is opened."""
        super().__init__(str(path), address)
        self.path = path

    def exists(self) -> bool:
        """Whether there is a file; an empty one is a database without tables."""
        return self.path.exists()

    def engine(self, *, write: bool, timeout: float, migrating: bool = False) -> Engine:
        """An engine for the file; see ``Backend.engine``."""
        self._check_place(write)
        mode = ("rwc" if migrating else "rw") if write else self._read_mode()
        uri = f"file:{quote(str(self.path.absolute()))}?mode={mode}"

        def connect() -> sqlite3.Connection:
            # isolation_level None: the driver opens no transactions of its own.
            return sqlite3.connect(
                uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
            )

        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, paramstyle="named")

        @event.listens_for(engine, "connect")
        def set_up(connection: Any, record: object) -> None:
            connection.execute(f"PRAGMA foreign_keys = {'OFF' if migrating else 'ON'}")
            if migrating:  # all rows may be written in one transaction, in no order of their digests
                connection.execute(f"PRAGMA cache_size = -{_CACHE}")
            if write:
                _use_wal(connection, timeout)
                connection.execute("PRAGMA synchronous = NORMAL")

        return engine

    def begin(self, connection: Connection, *, write: bool, alone: bool) -> None:
        """Begin; who writes is alone anyway. See ``Backend.begin``."""
        # A transaction that reads first and then writes cannot wait for the lock: it fails at once.
        # Past SQLAlchemy, as a transaction's own statements are: it is faster.
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def prepare(self, connection: Connection) -> None:
        """Nothing; see ``Backend.prepare``."""

    def settle(self, connection: Connection) -> None:
        """Nothing: its plans are the right ones without statistics; see ``Backend.settle``."""

    def watch(self) -> Beneath:
        """The file and its log; see ``Backend.watch``."""
        return Beneath(self.path)

    def set_durable(self, connection: Connection, durable: bool) -> None:
        """Sync each commit, or leave it to the next checkpoint of the log; see ``Backend.set_durable``."""
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")

    def explain(self, error: BaseException) -> DatabaseError | None:
        """What SQLite's error means; see ``Backend.explain``."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        name = getattr(cause, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return DatabaseBusy(f"{self.shown} is locked by another program: close it there, or try again")
        if name == "SQLITE_READONLY_DBMOVED":
            return DatabaseGone(f"{self.shown} was deleted or replaced while it was in use: try again")
        if name.startswith("SQLITE_READONLY"):
            return DatabaseReadOnly(self._not_writable(self.path))
        if name == "SQLITE_NOTADB":
            return NotOurDatabase(f"{self.shown} is not a database: choose another file with --db")
        if name.startswith("SQLITE_CORRUPT"):
            return DatabaseError(
                f"{self.shown} is damaged ({cause}): restore a backup, or `sqlite3 … .recover`"
            )
        if name == "SQLITE_FULL":
            return DatabaseError(f"no space left for {self.shown}: free some, nothing was written")
        if name.startswith("SQLITE_CANTOPEN"):
            return DatabaseError(f"cannot open {self.shown}: check that it is a file that you may read")
        if (unknown := _UNKNOWN.search(str(cause))) and unknown[1] != "function":
            return NotOurDatabase(f"{self.shown} lacks a {unknown[1]} of ftbench ({cause}): restore a backup")
        if name.startswith(("SQLITE_IOERR", "SQLITE_PERM", "SQLITE_PROTOCOL")):
            return DatabaseError(f"cannot read or write {self.shown} ({cause}): check the disk")
        return None

    @contextmanager
    def asking(self, connection: Connection) -> Iterator[DBAPICursor]:
        """Refuse all but queries; see ``Backend.asking``."""
        driver: Any = connection.connection.driver_connection

        def authorise(action: int, *_: str | None) -> int:
            return sqlite3.SQLITE_OK if action in _QUERIES else sqlite3.SQLITE_DENY

        driver.set_authorizer(authorise)
        try:
            yield connection.connection.cursor()
        finally:
            driver.set_authorizer(None)

    def misread(self, error: BaseException) -> bool:
        """Whether a text of a row is no UTF-8; see ``Backend.misread``."""
        return "Could not decode to UTF-8" in str(error)

    @contextmanager
    def any_text(self, connection: Connection) -> Iterator[None]:
        """Read every text, however wrong; see ``Backend.any_text``. It takes several times as long."""
        driver: Any = connection.connection.driver_connection
        usual, driver.text_factory = driver.text_factory, lambda text: text.decode(errors="replace")
        try:
            yield
        finally:
            driver.text_factory = usual

    def explain_query(self, error: BaseException) -> UsageError | None:
        """What is wrong with a query; see ``Backend.explain_query``."""
        said = str(error)
        if "not authorized" in said:  # under several codes
            return BadValue(f"the database refuses this ({said}): it answers queries only, SELECT …")
        unknown, hint = _UNKNOWN.match(said), ""
        if unknown is None and self.explain(error) is not None:
            return None
        # What is no trouble with the file is the query's, under more codes than can be listed here.
        if unknown is not None and unknown[1] != "function":
            tables = metadata.tables.values()
            known = {c.name for t in tables for c in t.columns} if unknown[1] == "column" else metadata.tables
            hint = nearest(unknown[2], known)
        return BadValue(f"query: {said}{hint}")

    def backup(self, connection: Connection, target: Path) -> None:
        """Write a compact copy in DELETE journal mode, which opens from a read-only folder too."""
        part = target.with_name(target.name + ".part")
        part.unlink(missing_ok=True)
        try:
            # Not through SQLAlchemy: VACUUM cannot run inside the transaction it would open.
            driver: Any = connection.connection.driver_connection
            driver.execute("VACUUM INTO ?", (str(part),))
            # A database of its own: where it is copied back over the first one, that is noticed.
            with closing(sqlite3.connect(part)) as copy, copy:
                copy.execute("DELETE FROM settings WHERE name = 'id'")
            with part.open("rb") as file:  # SQLite does not sync what VACUUM writes
                os.fsync(file.fileno())
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)

    def damage(self, connection: Connection) -> list[str]:
        """What SQLite's own check finds; see ``Backend.damage``."""
        found = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars()
        return [str(line) for line in found if line != "ok"]

    def strangers(self, connection: Connection) -> list[str]:
        """Views and triggers; see ``Backend.strangers``."""
        query = "SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY name"
        return [str(name) for name in connection.exec_driver_sql(query).scalars()]

    def backup_place(self, revision: str) -> Path:
        """A file beside the database; see ``Backend.backup_place``."""
        ends = itertools.chain(("",), (f"-{number}" for number in itertools.count(2)))
        places = (self.path.with_name(f"{self.path.name}.{revision}.backup{end}") for end in ends)
        return next(place for place in places if not place.exists())

    def _check_place(self, write: bool) -> None:
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise DatabaseError(f"no folder {folder} for the database: make it, or choose another with --db")
        if self.path.is_dir():
            raise NotOurDatabase(f"{self.shown} is a folder: give the file with --db")
        if self.path.exists() and not self.path.is_file():
            raise NotOurDatabase(f"{self.shown} is a pipe or a device: give a file with --db")
        if self.path.exists() and not os.access(self.path, os.R_OK):
            raise DatabaseError(f"{self.shown} may not be read: ask its owner, or choose another with --db")
        system = filesystem(self.path)
        if system in NETWORK and (write or self._is_wal()):
            raise DatabaseError(
                f"{self.shown} is on a network file system ({system}), where SQLite is not safe: put it on a "
                "local disk with --db or FTBENCH_DB (export and ingest carry work between machines)"
            )
        if write:
            for place in (self.path, folder):  # the folder takes the write-ahead log
                if place.exists() and not os.access(place, os.W_OK):
                    raise DatabaseReadOnly(self._not_writable(place))

    def _not_writable(self, place: Path) -> str:
        what = self.shown if place == self.path else f"the folder {place} of {self.shown}"
        return f"{what} is read-only: make it writable, or copy the database and name the copy with --db"

    def _is_wal(self) -> bool:
        """Whether the file's header says WAL (bytes 18 and 19 are 2)."""
        try:
            with self.path.open("rb") as file:
                return file.read(20)[18:20] == b"\x02\x02"
        except OSError:
            return False

    def _read_mode(self) -> str:
        """``ro``; and no locks either where the folder cannot take the files that WAL needs."""
        if not self._is_wal() or os.access(self.path.absolute().parent, os.W_OK):
            return "ro"
        log, memory = (self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))
        if not log.exists() or log.stat().st_size == 0:
            return "ro&immutable=1"
        if memory.exists():
            return "ro"
        raise DatabaseReadOnly(
            f"{self.shown} has a write-ahead log that a read-only folder cannot open: copy both to another "
            "folder, or make a copy where it is in use with `ftbench db backup`"
        )


def _use_wal(connection: sqlite3.Connection, timeout: float) -> None:
    """Switch to WAL; waits by itself, because SQLite does not wait for this lock."""
    end = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() >= end:
                raise
            time.sleep(0.01)


def filesystem(path: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system that a path is on (``ext4``, ``nfs4``); "" where it cannot be known.

    Args:
        path: a file or folder; need not exist.
        mounts: Linux's list of mounts.
    """
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    target = path.absolute().resolve()
    found, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if len(fields) < 5 or not rest:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[4]))
        # A later mount at the same point covers the earlier one.
        if (target == point or point in target.parents) and len(point.parts) >= found:
            found, kind = len(point.parts), rest[0]
    return kind
