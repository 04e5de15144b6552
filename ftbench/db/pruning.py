"""Pruning: the attempts that a done job no longer needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import exists, func, not_, select

from ftbench.db.checked import read_rows
from ftbench.db.engine import Store
from ftbench.db.filters import matching
from ftbench.db.rows import ALL, JobFilter
from ftbench.db.tables import attempts, jobs, past_scores
from ftbench.domain.result import Outcome, State

_THESE = (
    "WHERE digest = :digest AND number = :number AND EXISTS (SELECT 1 FROM attempts AS tried "
    "JOIN jobs ON jobs.digest = tried.digest WHERE tried.digest = :digest AND tried.number = :number "
    "AND tried.outcome <> 'ok' AND jobs.state = 'done')"
)


class TriedRow(NamedTuple):
    """An attempt that failed.

    Attributes:
        length: of its words, in characters.
    """

    digest: str
    number: int
    ended: float
    length: int


class FailedAttempts:
    """The attempts at done jobs that failed, and that no past score is of."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def list(self, where: JobFilter = ALL) -> list[TriedRow]:
        """Those of some jobs, in the order of queueing."""
        c = attempts.c
        kept = exists().where(past_scores.c.digest == c.digest, past_scores.c.number == c.number)
        query = (
            select(c.digest, c.number, c.ended, func.length(c.message) + func.length(c.traceback))
            .join_from(attempts, jobs)
            .where(matching(where, self._store.shown_model()), jobs.c.state == str(State.DONE))
            .where(c.outcome.is_not(None), c.outcome != str(Outcome.OK), c.ended.is_not(None), not_(kept))
            .order_by(jobs.c.sequence, c.number)
        )
        rows = read_rows(self._store.rows(query), TriedRow._fields, {}, self._store.set_aside)
        return [TriedRow._make(row) for row in rows]

    def delete(self, which: Iterable[tuple[str, int]]) -> int:
        """Delete some of them, by digest and number, with what they ran with; how many that were."""
        rows = [{"digest": digest, "number": number} for digest, number in which]
        with self._store.writing(alone=True) as transaction:
            transaction.many(f"DELETE FROM provenance {_THESE}", rows)
            return transaction.many(f"DELETE FROM attempts {_THESE}", rows)
