"""Which jobs wait because others like them have failed alike; derived from the attempts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from ftbench.db.backends.words import IsNumber
from ftbench.db.checked import Convert, read_rows
from ftbench.db.engine import Store, Transaction
from ftbench.db.filters import in_state
from ftbench.db.reaping import SILENT
from ftbench.db.rows import AttemptRow
from ftbench.db.tables import attempts, jobs, settings
from ftbench.domain.breaker import ALIKE, EndedWell, Fallen, Held, held
from ftbench.domain.result import Outcome, State
from ftbench.printable import printable, printable_lines

_RETRIED = "retried"
_LAST = 1000  # failures that are looked at
#: Divergence is a result of its method, and a silent worker no job's fault.
_NO_ERROR = (str(Outcome.OK), str(Outcome.DIVERGED), str(Outcome.ENVIRONMENT))


class Failures:
    """The circuit breaker of a database, which every worker sees alike, and what it looks at."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def held(self) -> list[Held]:
        """The kinds of jobs that wait; failures before the last ``retry`` do not count."""
        later = attempts.alias()
        last = select(func.max(later.c.number)).where(later.c.digest == attempts.c.digest).scalar_subquery()
        fallen = (
            select(
                jobs.c.method,
                jobs.c.model,
                jobs.c.task,
                attempts.c.message,
                attempts.c.traceback,
                attempts.c.ended,
            )
            .join_from(attempts, jobs)
            .where(
                attempts.c.number == last,
                in_state(State.FAILED),
                attempts.c.outcome.not_in(_NO_ERROR),
                attempts.c.message != SILENT,
                attempts.c.ended > self._retried(),
            )
            .order_by(attempts.c.ended.desc())
            .limit(_LAST)
        )
        with self._store.reading() as connection:
            found = [Fallen(*row) for row in connection.execute(fallen) if _sound(row)]
            if len(found) < ALIKE:
                return []
            first = min(one.ended for one in found)
            done = (
                select(jobs.c.method, jobs.c.model, jobs.c.task, func.max(attempts.c.ended))
                .join_from(jobs, attempts, jobs.c.digest == attempts.c.digest)
                .where(
                    attempts.c.outcome == str(Outcome.OK),
                    attempts.c.ended >= first,
                    IsNumber(attempts.c.ended),  # any text would be later
                )
                .group_by(jobs.c.method, jobs.c.model, jobs.c.task)
            )
            return held(found, [EndedWell(*row) for row in connection.execute(done)])

    def attempts(self) -> dict[str, list[AttemptRow]]:
        """Every try that did not end well, the first one first, by its job."""
        fields = ("digest", *AttemptRow._fields)
        query = select(*(attempts.c[name] for name in fields))
        query = query.where(attempts.c.outcome != str(Outcome.OK))
        query = query.order_by(attempts.c.digest, attempts.c.number)
        convert: Convert = {
            "outcome": Outcome,
            "worker": printable,
            "message": printable,
            "traceback": printable_lines,
        }
        found: dict[str, list[AttemptRow]] = {}
        for digest, *row in read_rows(self._store.rows(query), fields, convert, self._store.set_aside):
            found.setdefault(digest, []).append(AttemptRow._make(row))
        return found

    def _retried(self) -> float:
        with self._store.reading() as connection:
            value = connection.scalar(select(settings.c.value).where(settings.c.name == _RETRIED))
        try:
            return float(value or 0.0)
        except (ValueError, TypeError):
            self._store.set_aside("the setting 'retried'", "it is no time")
            return 0.0


def _sound(row: Sequence[object]) -> bool:
    """Whether the names and messages of a failure are texts, and its end a time."""
    *texts, ended = row
    return all(isinstance(text, str) for text in texts) and isinstance(ended, int | float)


def mark_retried(transaction: Transaction) -> None:
    """From now on, failures before this moment hold nothing."""
    transaction.run(
        "INSERT INTO settings (name, value) VALUES (:name, :value) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name=_RETRIED,
        value=repr(transaction.now()),
    )
