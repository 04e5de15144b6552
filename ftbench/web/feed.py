"""The feed: one look at the database for all who watch, and word to each of what has changed.

There is one thread that looks, once a second while somebody watches. It learns from the database itself
whether anybody has written; where nobody has, only the files of running jobs are read. After a look that cost
much the next one waits, so that the board and all who watch take no more than a small part of one core.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from ftbench.db import open_database
from ftbench.errors import DatabaseError, DatabaseMissing, FtbenchError
from ftbench.services.board.overview import BoardReader, BoardView
from ftbench.settings import sqlite_path

T = TypeVar("T")

EVERY = 1.0  # seconds between two looks
SHARE = 0.75 / 60  # of one core that looks, and those who watch, may take
SLOWEST = 15.0  # seconds between two looks where they cost more than that
_LOCK = 5.0  # seconds to wait for a lock that others have
_File = tuple[int, int] | None


@dataclass
class Topic:
    """Something that pages watch: the queue, or a job.

    Attributes:
        tags: fragment -> the tag of its present content.
        changed: set, and replaced, when a tag has changed.
        watchers: how many pages watch.
    """

    tags: dict[str, str] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: int = 0


class BoardFeed:
    """The state of a database for those who watch.

    Attributes:
        view: the queue as it was seen last; None where it was never seen.
        trouble: why it cannot be seen now; "" where it can.
        serial: counts the states of the database that were seen.
        results: counts those that differ in more than leases and how far jobs are.
    """

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Watch a database, which need not be there yet."""
        self.view: BoardView | None = None
        self.trouble, self.serial, self.results = "not looked at yet", 0, 0
        self.topics: dict[str, Topic] = {}
        self._address, self._clock = address, clock
        self._path = sqlite_path(address)
        self._reader: BoardReader | None = None
        self._file: _File = None
        self._version: object = None
        self._looked, self._offset = float("-inf"), 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="board")
        self._looking: asyncio.Future[None] | None = None

    @property
    def reader(self) -> BoardReader:
        """What reads the database; to be used by ``call`` alone.

        Raises:
            DatabaseError: it cannot be read.
        """
        if self._reader is None:
            raise DatabaseError(self.trouble)
        return self._reader

    async def call(self, work: Callable[[], T]) -> T:
        """Do something in the one thread that reads the database."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def fresh(self) -> None:
        """See that the view is no older than ``EVERY``."""
        if self._looking is None and self._clock() - self._looked >= EVERY:
            self._looking = asyncio.ensure_future(self.call(self.look))
            self._looking.add_done_callback(self._looked_at)
        if self._looking is not None:
            await asyncio.shield(self._looking)

    def _looked_at(self, _: object) -> None:
        self._looking = None

    def look(self) -> None:
        """Look at the database, and note what is seen, or why nothing is."""
        try:
            self._open()
            version = self.reader.database.board.version()
            if version != self._version or self.view is None or self.trouble:
                if not self.reader.database.board.is_current():  # somebody has upgraded it meanwhile
                    self._close()
                    self._open()
                    version = self.reader.database.board.version()
                self._see(self.reader.view())
                self._version = version
            elif self.view.running:
                self.view = self.reader.again(self.view)
            self.trouble = ""
        except FtbenchError as error:
            self._close()
            self.trouble = str(error)
        finally:
            self._looked = self._clock()

    def now(self) -> float:
        """Seconds since 1970 by the clock of the database, as far as it was seen; else by this machine's."""
        return self._offset + time.time()

    def watch(self, name: str) -> Topic:
        """Begin to watch a topic; ``leave`` ends it."""
        topic = self.topics.setdefault(name, Topic())
        topic.watchers += 1
        return topic

    def leave(self, name: str) -> None:
        """One page less watches; a topic that nobody watches is forgotten."""
        topic = self.topics[name]
        topic.watchers -= 1
        if not topic.watchers:
            del self.topics[name]

    def tell(self, name: str, tags: Mapping[str, str]) -> None:
        """Say what the fragments of a topic are now."""
        topic = self.topics.get(name)
        if topic is not None and topic.tags != tags:
            topic.tags = dict(tags)
            changed, topic.changed = topic.changed, asyncio.Event()
            changed.set()

    def close(self) -> None:
        """End the thread and close the database."""
        self._thread.submit(self._close)
        self._thread.shutdown(wait=True)

    def _see(self, view: BoardView) -> None:
        self.serial += 1
        before = self.view
        if before is None or (before.counts, before.maps) != (view.counts, view.maps):
            self.results += 1
        self.view, self._offset = view, view.now - time.time()

    def _open(self) -> None:
        """Open the database where it is not open, or another file lies there now."""
        found = self._found()
        if self._reader is not None and found == self._file:
            return
        self._close()
        if self._path is not None and found is None:
            raise DatabaseMissing(f"there is no database '{self._address}' yet")
        opened = open_database(self._address, write=False, timeout=_LOCK)
        self._reader, self._file = BoardReader(opened), found

    def _found(self) -> _File:
        """Which file lies at the address; None for a server, or where there is none."""
        if self._path is None:
            return None
        with suppress(OSError):
            status = os.stat(self._path)
            return status.st_dev, status.st_ino
        return None

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.database.close()
        self._reader, self._version = None, None


class Pace:
    """When to look next: soon, unless the last looks and those who watch have cost too much."""

    def __init__(self, spent: Callable[[], float] = time.process_time) -> None:
        """Take what tells the processor time of this process, in seconds."""
        self._spent, self._before = spent, spent()

    def pause(self) -> float:
        """Seconds until the next look; to be called after each, once all who watch were told."""
        spent = self._spent()
        due, self._before = (spent - self._before) / SHARE, spent
        return min(SLOWEST, max(EVERY, due))
