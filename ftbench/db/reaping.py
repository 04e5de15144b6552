"""Reaping: which workers are gone, and what becomes of the jobs that they had."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ftbench.db.engine import Transaction
from ftbench.db.rows import Moved
from ftbench.db.statements import END
from ftbench.domain.result import MAX_ATTEMPTS, State

RUNNING = "SELECT digest, owner, attempts, token, expires FROM jobs WHERE state = 'running'"
SILENT = "the worker sent no heartbeat"
_USUAL = 60.0  # seconds of a lease whose token does not say
_OFTEN, _EACH = 0.1, 0.001  # seconds between two looks at the leases: at least, and for each of them


@dataclass
class _Seen:
    """A lease as it was seen last.

    Attributes:
        expires: what its last heartbeat has written.
        at: when it was seen last, by the watcher's clock.
        still: seconds for which it has stood still.
    """

    expires: float
    at: float
    still: float = 0.0


class LeaseWatch:
    """Watches the heartbeats of all leases: one is over once it has been seen to stand still for its length.

    No two clocks are compared, nor does a clock that is set count: what a heartbeat writes is only looked at
    for whether it changes. Nor does a time in which nobody looked count for more than half a lease, for then
    nobody may have been able to write: a database may be locked, or this process stopped.

    Attributes:
        clock: seconds, of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing seen."""
        self.clock = clock
        self._seen: dict[str, _Seen] = {}
        self._next = float("-inf")

    @property
    def due(self) -> bool:
        """Whether it is time to look again."""
        return self.clock() >= self._next

    def look(self, running: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """Look at all leases; the rows of those that are over.

        Args:
            running: the rows of ``RUNNING``.
        """
        now, seen, over = self.clock(), dict[str, _Seen](), []
        for row in running:
            token, expires = str(row[3]), float(row[4] or 0.0)
            length = length_of(token)
            known = self._seen.get(token)
            if known is None or known.expires != expires:
                known = _Seen(expires, now)
            else:
                known.still, known.at = known.still + min(now - known.at, length / 2), now
            seen[token] = known
            if known.still >= length:
                over.append(row)
        self._seen, self._next = seen, now + max(_OFTEN, _EACH * len(seen))
        return over


def token_for(unique: str, lease: float) -> str:
    """A lease's token: what nobody else has, and the seconds of silence that end it."""
    return f"{unique}.{lease:g}"


def length_of(token: str) -> float:
    """The seconds of silence that end the lease of a token; 60 where it does not say."""
    try:
        return max(0.0, float(token.partition(".")[2]))
    except ValueError:
        return _USUAL


def take_back(transaction: Transaction, rows: Sequence[Sequence[Any]], now: float) -> list[Moved]:
    """End leases: each attempt ends as ``lost``, its job is queued again or fails.

    Args:
        transaction: that writes.
        rows: of ``RUNNING``.
        now: the database's time.
    """
    moved = []
    for digest, owner, attempts, token, expires in rows:
        state = State.QUEUED if attempts < MAX_ATTEMPTS else State.FAILED
        ended = transaction.run(
            f"{END} AND (expires = :expires OR expires IS NULL)",
            state=str(state),
            digest=digest,
            token=token,
            expires=expires,
        )
        if not ended:
            continue  # a heartbeat has come since, or somebody was faster
        transaction.run(
            f"UPDATE attempts SET outcome = 'lost', ended = :now, message = '{SILENT}' "
            "WHERE outcome IS NULL AND digest = :digest",
            now=now,
            digest=digest,
        )
        moved.append(Moved(digest, state, owner, SILENT))
    return moved
