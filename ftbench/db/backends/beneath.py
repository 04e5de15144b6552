"""Beneath: the files of an open SQLite database, and whether they are still those that were opened.

Whatever is written into a file that was deleted or replaced is lost without an error. And the log of a
database that is gone would be played into whichever file has taken its name.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_File = tuple[int, int]  # device and inode


class Beneath:
    """The file of a database and its write-ahead log, while a connection is open.

    Attributes:
        touched: whether the file was written since it was looked at before: by a checkpoint of the log, or by
            somebody who copied another database over it.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is known yet."""
        self.touched = True
        self._path = path
        # Absolute, for the process may move; as text, for they are looked at twice in every transaction.
        name = str(path.absolute())
        self._places, self._index = (name, f"{name}-wal"), f"{name}-shm"
        self._known: dict[str, _File] = {}
        self._written = 0

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
                self.touched, self._written = status.st_mtime_ns != self._written, status.st_mtime_ns
        return None

    def _take_log_away(self) -> None:
        log = self._places[1]
        with suppress(OSError):
            status = os.stat(log)
            if self._known.get(log) == (status.st_dev, status.st_ino):
                os.unlink(log)
                os.unlink(self._index)

    def _words(self, place: str, what: str) -> str:
        name = f"{self._path}{place.removeprefix(self._places[0])}"
        return f"{name} was {what} while it was in use: nothing more is written to it"
