"""Jobs: the queue as people see it; what workers do with it is in ``leases``."""

from __future__ import annotations

import builtins
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Select, and_, func, select, update

from ftbench.db.chain import append, gone
from ftbench.db.checked import SpecReader, Unreadable, read_places, read_rows
from ftbench.db.entries import entry_rows, places_text
from ftbench.db.failures import mark_retried
from ftbench.db.filters import in_state, matching
from ftbench.db.leases import Leases
from ftbench.db.names import ModelRow, models
from ftbench.db.needs import Need, Settled
from ftbench.db.recording import fail_unclaimed
from ftbench.db.rows import ALL, Added, Axes, Entry, JobFilter, JobRow
from ftbench.db.statements import ADD, MOVE, RESTART, REVIVE
from ftbench.db.tables import attempts, jobs
from ftbench.db.trial_jobs import trial_jobs
from ftbench.domain.chain import LinkKind
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.places import UNRESOLVED
from ftbench.domain.result import Outcome, State
from ftbench.errors import BadValue, DatabaseError, UnknownName
from ftbench.printable import printable

#: What of a ``JobRow`` stands in no spec.
STORED = "digest state label attempts priority created owner expires spec places".split()
AXES = [jobs.c[name] for name in Axes._fields]

_LATEST = 10_000  # attempts whose times tell how long jobs take: of more, joining them takes a second
_STATES = frozenset(state.value for state in State)
_PENDING = (State.QUEUED, State.RUNNING)
#: Jobs in the order of queueing, which are found by another index than that of the order.
_AMONG_FEW = jobs.c.sequence + 0


class Jobs(Leases):
    """All jobs of a database: queueing, looking up, and the leases of workers."""

    def add(self, entries: Iterable[Entry]) -> Added:
        """Queue jobs, all or none.

        A job that is there already stays as it is, with two exceptions: a cancelled one is queued again,
        and one that is not running takes the new ``places``, so that queueing again after moving a folder
        or a file helps.
        """
        rows = entry_rows(entries)
        with self._store.writing(alone=True) as transaction:
            now = transaction.now()
            (last,) = transaction.one("SELECT coalesce(max(sequence), 0) FROM jobs")
            for sequence, row in enumerate(rows, start=last + 1):
                row.update(sequence=sequence, created=now)
            added, revived = transaction.many(ADD, rows), 0
            if added < len(rows):  # else none was there
                brief = [{k: row[k] for k in ("digest", "priority", "places")} for row in rows]
                revived = transaction.many(REVIVE, brief)
                transaction.many(MOVE, [{k: row[k] for k in ("digest", "places")} for row in rows])
        return Added(added, len(rows) - added - revived, revived)

    def needs(self) -> builtins.list[Need]:
        """What the queued jobs need, each once, in the order of queueing."""
        columns = [jobs.c[name] for name in Need._fields]
        query = select(*columns).where(in_state(State.QUEUED)).group_by(*columns)
        with self._store.reading() as connection:
            found = connection.execute(query.order_by(func.min(jobs.c.sequence))).all()
        return [Need(*row) for row in found]

    def unresolved(self) -> builtins.list[JobRow]:
        """The queued jobs whose identity waits for a model or rows, in the order of queueing."""
        marked = jobs.c.places.contains(f'"{UNRESOLVED}":')
        stored = select(*(jobs.c[name] for name in STORED))
        query = stored.where(in_state(State.QUEUED), marked).order_by(_AMONG_FEW)
        return self._rows(query, self._store.set_aside)

    def settle(self, settled: Iterable[Settled]) -> int:
        """Give jobs the identity that they have, all or none; how many that were.

        A job that is there under it already stays as it is, and the other is gone; one that can never be
        trained fails with the reason. What is no longer queued is left alone.
        """
        count = 0
        with self._store.writing(alone=True) as transaction:
            for one in settled:
                row = transaction.held(
                    "SELECT sequence, created FROM jobs WHERE digest = :digest AND state = 'queued'",
                    digest=one.digest,
                )
                if row is None:
                    continue
                count += 1
                if one.entry is None:
                    fail_unclaimed(transaction, one.digest, one.reason)
                    continue
                (new,) = entry_rows([one.entry])
                new |= {"sequence": row[0], "created": row[1]}
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
        return {state: 0 for state in State} | {State(state): n for state, n in found if state in _STATES}

    def tally(self, where: JobFilter = ALL) -> dict[tuple[str, str, str, State], int]:
        """The number of jobs for each model, task, label and state, in the order of queueing.

        Trials come last, and have no label of their own but ``METHOD, trials of STUDY``.
        """
        shown = self._store.shown_model()
        # Grouped in the order of an index: others are made of the groups here.
        axes = (jobs.c.task, jobs.c.method, shown, jobs.c.train_size, jobs.c.label, jobs.c.state)
        query = select(*axes, func.count()).where(matching(where, shown)).group_by(*axes)
        groups = Counter[tuple[Any, ...]]()
        with self._store.reading() as connection:
            rows = self._store.rows_of(connection, query.order_by(func.min(jobs.c.sequence)))
            trials = trial_jobs(self._store, connection, where)
        for task, _, model, _, label, state, count in rows:
            groups[model, task, label, state] += count
        for one in trials:
            groups[one.model, one.task, one.label, str(one.state)] -= 1
            groups[one.model, one.task, f"{one.method}, trials of {one.study}", str(one.state)] += 1
        found: dict[tuple[str, str, str, State], int] = {}
        for (*names, state), count in (+groups).items():
            if state in _STATES:
                model, task, label = (printable(name) for name in names)
                found[model, task, label, State(state)] = count
            else:
                self._store.set_aside(f"{count} jobs", f"their state is none: {printable(state)}")
        return found

    def find(self, prefix: str) -> JobRow:
        """The job whose digest begins so.

        Raises:
            UnknownName: none does.
            BadValue: several do.
        """
        start = prefix.strip().lower()
        # A range, which uses the primary key's index; digests are hexadecimal and "g" sorts behind them.
        query = (
            select(*(jobs.c[name] for name in STORED))
            .where(jobs.c.digest >= start, jobs.c.digest < start + "g")
            .limit(4)
        )
        wrong: list[str] = []
        found = self._rows(query, lambda digest, reason: wrong.append(reason)) if start else []
        if not found and wrong:
            raise DatabaseError(f"job '{prefix}' cannot be believed: {wrong[0]}")
        if not found:
            latest = select(jobs.c.digest).order_by(jobs.c.sequence.desc()).limit(5)
            known = [str(digest)[:SHORT_DIGEST] for (digest,) in self._store.rows(latest)]
            raise UnknownName("job", prefix, known)
        if len(found) > 1:
            shown = ", ".join(row.digest[: max(SHORT_DIGEST, len(start) + 4)] for row in found)
            raise BadValue(f"job '{prefix}' fits several ({shown}): give more digits")
        return found[0]

    def list(self, where: JobFilter = ALL) -> builtins.list[JobRow]:
        """Jobs in the order in which they were queued."""
        chosen = matching(where, self._store.shown_model())
        order = _AMONG_FEW if where.states and set(where.states) <= {*_PENDING} else jobs.c.sequence
        query = select(*(jobs.c[name] for name in STORED)).where(chosen).order_by(order)
        return self._rows(query, self._store.set_aside)

    def _rows(self, query: Select[Any], aside: Callable[[object, str], None]) -> builtins.list[JobRow]:
        """The jobs of a query for ``STORED``; of what cannot be believed, ``aside`` hears."""
        reader, kept, called = SpecReader(), [], self._store.model_names()
        for row in read_rows(self._store.rows(query), STORED, _CONVERT, aside):
            digest, state, label, attempts, priority, created, owner, expires, spec, places = row
            try:
                told = reader.told(digest, spec)
            except Unreadable as error:
                aside(digest, str(error))
                continue
            model = called.get((told.model, told.model_revision), told.model)
            names = label, model, told.task, told.method, told.seed, told.perturbation
            rest = attempts, priority, created, owner, expires, json.loads(spec), places
            kept.append(JobRow(digest, state, *names, *rest))
        return kept

    def models(self) -> builtins.list[ModelRow]:
        """Every model and revision that jobs have, in the order of queueing."""
        with self._store.reading() as connection:
            return models(connection)

    def retry(self, where: JobFilter = ALL) -> int:
        """Queue failed and cancelled jobs again, with all their attempts; how many that were.

        Jobs that waited because others like them failed go on, too.
        """
        change = (
            update(jobs)
            .where(
                matching(where, self._store.shown_model()),
                in_state(State.FAILED, State.CANCELLED),
            )
            .values(state=str(State.QUEUED), attempts=0)
        )
        with self._store.writing(alone=True) as transaction:
            mark_retried(transaction)
            return transaction.connection.execute(change).rowcount

    def restart(self, places: Mapping[str, Mapping[str, Any]]) -> int:
        """Queue done jobs again; how many that were.

        Their scores become past ones, and what stands for the old model alone, its logits and curves, goes.

        Args:
            places: digest -> where things are now; those of jobs that are not done are passed over.
        """
        done = "SELECT digest FROM jobs WHERE digest = :digest AND state = 'done'"
        with self._store.writing(alone=True) as transaction:
            rows = [
                {"digest": digest, "places": places_text(there)}
                for digest, there in places.items()
                if transaction.held(done, digest=digest)
            ]
            for statement in RESTART:
                named = [k for k in ("digest", "places") if f":{k}" in statement]
                transaction.many(statement, [{k: row[k] for k in named} for row in rows])
            append(transaction, [gone(LinkKind.RESTART, row["digest"]) for row in rows])
            return len(rows)

    def cancel(self, where: JobFilter = ALL) -> int:
        """Cancel queued and running jobs; how many that were. A worker notices at its next heartbeat."""
        chosen = matching(where, self._store.shown_model())
        meant = and_(chosen, in_state(*_PENDING))
        held = select(jobs.c.digest).where(meant).with_for_update()  # in SQLite this says nothing
        running = select(jobs.c.digest).where(chosen, in_state(State.RUNNING))
        stop = (
            update(attempts)
            .where(attempts.c.outcome.is_(None), attempts.c.digest.in_(running))
            .values(outcome=str(Outcome.LOST), message="cancelled")
        )
        change = (
            update(jobs).where(meant).values(state=str(State.CANCELLED), owner=None, token=None, expires=None)
        )
        with self._store.writing(alone=True) as transaction:
            transaction.connection.execute(held)
            transaction.connection.execute(stop.values(ended=transaction.now()))
            return transaction.connection.execute(change).rowcount

    def durations(self) -> dict[Axes, float]:
        """Mean seconds of the latest attempts that ended well, by model, task, method and train size."""
        timed = attempts.c.outcome == str(Outcome.OK), attempts.c.started.is_not(None)
        ended = select(attempts.c.digest, attempts.c.started, attempts.c.ended).where(*timed)
        latest = ended.order_by(attempts.c.ended.desc()).limit(_LATEST).subquery()
        query = (
            select(*AXES, func.avg(latest.c.ended - latest.c.started))
            .join_from(latest, jobs, jobs.c.digest == latest.c.digest)
            .group_by(*AXES)
        )
        rows = [row for row in self._store.rows(query) if isinstance(row[-1], int | float)]
        return {Axes(*row[:-1]): float(row[-1]) for row in rows}

    def waiting(self) -> dict[Axes, int]:
        """The number of jobs that are queued or running, for each model, task, method and train size."""
        query = select(*AXES, func.count()).where(in_state(*_PENDING)).group_by(*AXES)
        return {Axes(*row[:-1]): int(row[-1]) for row in self._store.rows(query)}


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "state": State,
    "places": read_places,
}
