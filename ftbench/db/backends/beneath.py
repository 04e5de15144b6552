"""Beneath: the files of an open SQLite database, and whether they are still those that were opened.

Whatever is written into a file that was deleted or replaced is lost without an error. And the log of a
database that is gone would be played into whichever file has taken its name, or content.
"""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection

_File = tuple[int, int]  # device and inode
_COUNT = "PRAGMA user_version"


class Beneath:
    """The file of a database and its write-ahead log, while a connection is open.

    A count in the file's header tells it from an older copy, and from other databases. It begins somewhere at
    random, and whoever writes first after the log was brought into the file adds 1. So what the file says is
    no less than when it was looked at before, and no more than what a transaction sees, which has the log.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is known yet."""
        self._path = path
        # Absolute, for the process may move; as text, for they are looked at twice in every transaction.
        name = str(path.absolute())
        self._places, self._index = (name, f"{name}-wal"), f"{name}-shm"
        self._known: dict[str, _File] = {}
        self._changed, self._written = 0, -1  # when the file was written: as was found, and as is believed
        self._in_file = self._seen = 0  # the count, when last looked at

    @property
    def touched(self) -> bool:
        """Whether the file was written since a transaction has seen that all is well.

        By a checkpoint of the log, or by somebody who copied another database over it.
        """
        return self._changed != self._written

    def wrong(self) -> str | None:
        """What is not as it was; None where all is. A file that is seen for the first time is remembered.

        Where another database has come in place of this one, this one's log is taken out of its way.
        """
        for place in self._places:
            try:
                status = os.stat(place)
            except OSError:
                if place in self._known:
                    return self._words(place, "deleted")
                continue
            found = status.st_dev, status.st_ino
            if self._known.setdefault(place, found) != found:
                if place == self._places[0]:
                    self._take_log_away()
                return self._words(place, "replaced")
            if place == self._places[0]:
                self._changed = status.st_mtime_ns
        return None

    def wrong_inside(self, connection: Connection) -> str | None:
        """What is not as it was, seen from within a transaction that writes; it leaves a mark there.

        A file that was overwritten has nothing to do with the log, which is taken out of its way. Where
        SQLite itself has restored another state, it did so through the log.
        """
        seen = int(connection.exec_driver_sql(_COUNT).scalar_one())
        if seen < self._seen:
            return self._words(self._places[0], "overwritten by an older copy")
        self._seen = seen
        in_file = self._count()
        if in_file is not None and in_file < self._in_file:
            in_file = self._count()  # a number that is being written may have been read in part
        if in_file is None:
            return None  # to be looked at again
        if not self._in_file <= in_file <= seen:
            self._take_log_away()
            return self._words(self._places[0], "overwritten by another database or an older copy")
        self._in_file, self._written = in_file, self._changed
        connection.exec_driver_sql(f"{_COUNT} = {seen + 1 if seen else random.randrange(1, 1 << 30)}")
        return None

    def _count(self) -> int | None:
        """The count in the file as it lies there, without its log; None where it cannot be read now.

        By SQLite, for whoever else opens a file and closes it again loses the locks that SQLite has on it.
        A file into which the log is being brought may say that it is longer than it is yet.
        """
        try:
            uri = f"file:{quote(self._places[0])}?mode=ro&immutable=1"
            with closing(sqlite3.connect(uri, uri=True)) as file:
                return int(file.execute(_COUNT).fetchone()[0])
        except sqlite3.DatabaseError as error:
            return 0 if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB" else None

    def _take_log_away(self) -> None:
        """Empty the log, for those who have it open, and remove it, for those who come."""
        log = self._places[1]
        with suppress(OSError):
            status = os.stat(log)
            if self._known.get(log) == (status.st_dev, status.st_ino):
                os.truncate(log, 0)
                os.unlink(log)
                os.unlink(self._index)

    def _words(self, place: str, what: str) -> str:
        name = f"{self._path}{place.removeprefix(self._places[0])}"
        return f"{name} was {what} while it was in use: nothing more is written to it"
