"""Insisting: what must be read or written is tried again while the database cannot be used.

Another program may hold its lock, or its server be restarted. Whatever is tried here may be done twice: where
a commit's answer was lost, the token of the lease tells that it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ftbench.errors import DatabaseBusy
from ftbench.services.worker.log import Journal

T = TypeVar("T")

LONGEST = 600.0  # seconds for which a lock is waited out
LOCK = 5.0  # seconds that one try waits for a lock: a signal is heeded between two
_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds between two tries: at first, and at most

_events = Journal("database")


class Insisting:
    """Tries again and again, and says so once."""

    def __init__(
        self,
        say: Callable[[str], None],
        hurried: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is tried yet.

        Args:
            say: takes the line about a lock that lasts.
            hurried: whether there is no time any more: each thing is then tried once.
            clock: seconds.
            sleep: waits.
        """
        self._say, self._hurried, self._clock, self._sleep = say, hurried, clock, sleep

    def __call__(self, write: Callable[[], T]) -> T:
        """What ``write`` gives.

        Raises:
            DatabaseBusy: the lock was held for ten minutes, or there was no time.
        """
        begun, said, pause = self._clock(), False, _PAUSE
        while True:
            try:
                return write()
            except DatabaseBusy as error:
                _events.warning("database-locked", reason=error)
                if self._hurried() or self._clock() - begun >= LONGEST:
                    raise
                if not said:
                    said = True
                    self._say(error.told)
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
