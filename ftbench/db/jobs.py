"""Jobs: the queue as people see it; what workers do with it is in ``leases``."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Row, func, select, update

from ftbench.db.failures import mark_retried
from ftbench.db.filters import matching
from ftbench.db.leases import Leases, fail_unclaimed
from ftbench.db.rows import (
    ALL,
    Added,
    Axes,
    Entry,
    JobFilter,
    JobRow,
    Need,
    Settled,
    change_of,
    converted,
)
from ftbench.db.tables import attempts, jobs
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.places import UNRESOLVED
from ftbench.domain.result import Outcome, State
from ftbench.errors import BadValue, UnknownName

COLUMNS = [jobs.c[name] for name in JobRow._fields]
AXES = [jobs.c[name] for name in Axes._fields]

ADD = (
    "INSERT INTO jobs (digest, sequence, state, priority, attempts, label, model, model_revision, task, "
    "data_revision, method, hparams, seed, train_size, reduction, noise, perturbation, recipe, spec, places, "
    "created) "
    "VALUES (:digest, :sequence, 'queued', :priority, 0, :label, :model, :model_revision, :task, "
    ":data_revision, :method, :hparams, :seed, :train_size, :reduction, :noise, :perturbation, :recipe, "
    ":spec, :places, :created) ON CONFLICT (digest) DO NOTHING"
)
REVIVE = (
    "UPDATE jobs SET state = 'queued', attempts = 0, priority = :priority, places = :places "
    "WHERE digest = :digest AND state = 'cancelled'"
)
MOVE = (
    "UPDATE jobs SET places = :places WHERE digest = :digest AND state IN ('queued', 'failed') "
    "AND places <> :places"
)


class Jobs(Leases):
    """All jobs of a database: queueing, looking up, and the leases of workers."""

    def add(self, entries: Iterable[Entry]) -> Added:
        """Queue jobs, all or none.

        A job that is there already stays as it is, with three exceptions: a cancelled one is queued again,
        and one that is queued or failed takes the new ``places``, so that queueing again after moving a
        folder helps.
        """
        rows = [_row(entry) for entry in entries]
        with self._store.writing() as transaction:
            now = transaction.now()
            (last,) = transaction.one("SELECT coalesce(max(sequence), 0) FROM jobs")
            for sequence, row in enumerate(rows, start=last + 1):
                row.update(sequence=sequence, created=now)
            brief = [{k: row[k] for k in ("digest", "priority", "places")} for row in rows]
            revived = transaction.many(REVIVE, brief)
            transaction.many(MOVE, [{k: row[k] for k in ("digest", "places")} for row in rows])
            added = transaction.many(ADD, rows)
        return Added(added, len(rows) - added - revived, revived)

    def needs(self) -> builtins.list[Need]:
        """What the queued jobs need, each once, in the order of queueing."""
        columns = [jobs.c[name] for name in Need._fields]
        query = select(*columns).where(jobs.c.state == str(State.QUEUED)).group_by(*columns)
        with self._store.reading() as connection:
            found = connection.execute(query.order_by(func.min(jobs.c.sequence))).all()
        return [Need(*row) for row in found]

    def unresolved(self) -> builtins.list[JobRow]:
        """The queued jobs whose identity waits for a model or rows, in the order of queueing."""
        marked = jobs.c.places.contains(f'"{UNRESOLVED}":')
        query = select(*COLUMNS).where(jobs.c.state == str(State.QUEUED), marked).order_by(jobs.c.sequence)
        with self._store.reading() as connection:
            return [_job_row(row) for row in connection.execute(query)]

    def settle(self, settled: Iterable[Settled]) -> int:
        """Give jobs the identity that they have, all or none; how many that were.

        A job that is there under it already stays as it is, and the other is gone; one that can never be
        trained fails with the reason. What is no longer queued is left alone.
        """
        count = 0
        with self._store.writing() as transaction:
            for one in settled:
                row = transaction.one(
                    "SELECT sequence, created FROM jobs WHERE digest = :digest AND state = 'queued'",
                    digest=one.digest,
                )
                if row is None:
                    continue
                count += 1
                if one.entry is None:
                    fail_unclaimed(transaction, one.digest, one.reason)
                    continue
                new = {**_row(one.entry), "sequence": row[0], "created": row[1]}
                if one.entry.job.digest == one.digest:
                    transaction.run(MOVE, digest=one.digest, places=new["places"])
                    continue
                for table in ("provenance", "attempts", "jobs"):
                    transaction.run(f"DELETE FROM {table} WHERE digest = :digest", digest=one.digest)
                brief = {key: new[key] for key in ("digest", "priority", "places")}
                transaction.run(REVIVE, **brief)
                transaction.run(ADD, **new)
        return count

    def counts(self) -> dict[State, int]:
        """The number of jobs in each state; states without jobs are there as 0."""
        with self._store.reading() as connection:
            found = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
        return {state: 0 for state in State} | {State(state): count for state, count in found}

    def tally(self, where: JobFilter = ALL) -> dict[tuple[str, str, str, State], int]:
        """The number of jobs for each model, task, label and state, in the order of queueing."""
        axes = (jobs.c.model, jobs.c.task, jobs.c.label, jobs.c.state)
        query = select(*axes, func.count()).where(matching(where)).group_by(*axes)
        query = query.order_by(func.min(jobs.c.sequence))
        with self._store.reading() as connection:
            found = connection.execute(query).all()
        return {(model, task, label, State(state)): count for model, task, label, state, count in found}

    def find(self, prefix: str) -> JobRow:
        """The job whose digest begins so.

        Raises:
            UnknownName: none does.
            BadValue: several do.
        """
        start = prefix.strip().lower()
        # A range, which uses the primary key's index; digests are hexadecimal and "g" sorts behind them.
        query = select(*COLUMNS).where(jobs.c.digest >= start, jobs.c.digest < start + "g").limit(4)
        with self._store.reading() as connection:
            found = connection.execute(query).all() if start else []
            if not found:
                latest = select(jobs.c.digest).order_by(jobs.c.sequence.desc()).limit(5)
                known = [digest[:SHORT_DIGEST] for digest in connection.scalars(latest)]
                raise UnknownName("job", prefix, known)
        if len(found) > 1:
            shown = ", ".join(row.digest[: max(SHORT_DIGEST, len(start) + 4)] for row in found)
            raise BadValue(f"job '{prefix}' fits several ({shown}): give more digits")
        return _job_row(found[0])

    def list(self, where: JobFilter = ALL) -> builtins.list[JobRow]:
        """Jobs in the order in which they were queued."""
        query = select(*COLUMNS).where(matching(where)).order_by(jobs.c.sequence)
        with self._store.reading() as connection:
            return [_job_row(row) for row in connection.execute(query)]

    def retry(self, where: JobFilter = ALL) -> int:
        """Queue failed and cancelled jobs again, with all their attempts; how many that were.

        Jobs that waited because others like them failed go on, too.
        """
        change = (
            update(jobs)
            .where(matching(where), jobs.c.state.in_(_texts(State.FAILED, State.CANCELLED)))
            .values(state=str(State.QUEUED), attempts=0)
        )
        with self._store.writing() as transaction:
            mark_retried(transaction)
            return transaction.connection.execute(change).rowcount

    def cancel(self, where: JobFilter = ALL) -> int:
        """Cancel queued and running jobs; how many that were. A worker notices at its next heartbeat."""
        running = select(jobs.c.digest).where(matching(where), jobs.c.state == str(State.RUNNING))
        stop = (
            update(attempts)
            .where(attempts.c.outcome.is_(None), attempts.c.digest.in_(running))
            .values(outcome=str(Outcome.LOST), message="cancelled")
        )
        change = (
            update(jobs)
            .where(matching(where), jobs.c.state.in_(_texts(State.QUEUED, State.RUNNING)))
            .values(state=str(State.CANCELLED), owner=None, token=None, expires=None)
        )
        with self._store.writing() as transaction:
            transaction.connection.execute(stop.values(ended=transaction.now()))
            return transaction.connection.execute(change).rowcount

    def durations(self) -> dict[Axes, float]:
        """Mean seconds of the attempts that ended well, for each model, task, method and train size."""
        seconds = func.avg(attempts.c.ended - attempts.c.started)
        query = (
            select(*AXES, seconds)
            .join_from(attempts, jobs)
            .where(attempts.c.outcome == str(Outcome.OK), attempts.c.started.is_not(None))
            .group_by(*AXES)
        )
        with self._store.reading() as connection:
            return {Axes(*row[:-1]): float(row[-1]) for row in connection.execute(query)}

    def waiting(self) -> dict[Axes, int]:
        """The number of jobs that are queued or running, for each model, task, method and train size."""
        query = (
            select(*AXES, func.count())
            .where(jobs.c.state.in_(_texts(State.QUEUED, State.RUNNING)))
            .group_by(*AXES)
        )
        with self._store.reading() as connection:
            return {Axes(*row[:-1]): int(row[-1]) for row in connection.execute(query)}


def _row(entry: Entry) -> dict[str, Any]:
    """An entry as the columns of its row, without ``sequence`` and ``created``."""
    job = entry.job
    spec = job.canonical()
    return {
        "digest": job.digest,
        "priority": entry.priority,
        "label": entry.label,
        "model": job.model,
        "model_revision": job.model_revision,
        "task": job.task,
        "data_revision": job.data_revision,
        "method": job.method,
        "hparams": _json(spec["method"]["hparams"]),
        "seed": job.seed,
        "train_size": job.perturbation.train_size,
        "reduction": job.perturbation.value("reduction"),
        "noise": job.perturbation.value("noise"),
        "perturbation": _json(spec["perturbation"]),
        "recipe": _json(spec["recipe"]),
        "spec": _json(spec),
        "places": _json(dict(entry.places)),
    }


def _texts(*states: State) -> list[str]:
    # Drivers differ in how they write an enumeration.
    return [str(state) for state in states]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _job_row(row: Row[Any]) -> JobRow:
    convert: dict[str, Callable[[str], Any]] = {
        "state": State,
        "perturbation": change_of,
        "spec": json.loads,
        "places": json.loads,
    }
    (values,) = converted([row], JobRow._fields, convert)
    return JobRow._make(values)
