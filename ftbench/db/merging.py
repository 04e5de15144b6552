"""Merging: what another database has and this one has not, taken over in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from ftbench.db.chain import News, append, ends_of, of_claim, of_job
from ftbench.db.claims import claim_of, scored_by
from ftbench.db.engine import Store, Transaction
from ftbench.db.statements import LAST
from ftbench.db.tables import attempts, claims, jobs, metadata, past_scores, topup_looks, topups
from ftbench.domain.chain import LinkKind
from ftbench.domain.result import Outcome, State

_Row = dict[str, Any]

#: The tables whose rows belong to a job, and those whose rows belong to an attempt.
_OF_JOB = [
    table
    for table in metadata.sorted_tables
    if table is not attempts and any(key.column.table is jobs for key in table.foreign_keys)
]
_OF_ATTEMPT = [
    table
    for table in metadata.sorted_tables
    if any(key.column.table is attempts for key in table.foreign_keys)
]


@dataclass(frozen=True)
class Conflict:
    """A number of a job that is done in both databases and came out otherwise; tables use ``here``."""

    digest: str
    label: str
    model: str
    task: str
    seed: int
    evaluation: str
    metric: str
    here: float | None
    there: float


@dataclass
class Merged:
    """What became of another database's rows.

    Attributes:
        added: jobs that this one did not have.
        completed: jobs that waited here, or had failed, and are done there.
        known: jobs of which there was nothing new.
        running: jobs that are done there and that a worker runs here: nothing was taken.
        conflicts: numbers that differ; those from there are kept as past scores, which no table uses.
        claims: declared there alone, or earlier than here.
        plans: top-ups that this one did not have, or had fewer looks of.
        other_plans: names of top-ups that are others here; these stay.
    """

    added: int = 0
    completed: int = 0
    known: int = 0
    running: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    claims: int = 0
    plans: int = 0
    other_plans: list[str] = field(default_factory=list)


def merge(here: Store, there: Store) -> Merged:
    """Take over what a database has, all or nothing; again changes nothing.

    Args:
        here: open for writing.
        there: in which ``Health`` has found no trouble.
    """
    reading = there.reading()
    with reading as connection, there.backend.any_text(connection), here.writing(alone=True) as writes:
        writes.hold_jobs()  # a job that waits here may be done there
        merger = _Merger(writes, Transaction(connection, there.backend.now, {}))
        merger.take_jobs()
        merger.take_claims()
        merger.take_topups()
        append(writes, merger.news)
        return merger.found


class _Merger:
    def __init__(self, here: Transaction, there: Transaction) -> None:
        self.found, self.news = Merged(), list[News]()
        self._here, self._there = here, there

    def take_jobs(self) -> None:
        states = dict(self._here.all("SELECT digest, state FROM jobs"))
        (last,) = self._here.one("SELECT coalesce(max(sequence), 0) FROM jobs")
        for row in _rows(self._there, jobs, order="sequence"):
            state = states.get(row["digest"])
            if state is None:
                last += 1
                self._add(row, last)
                self.found.added += 1
            elif state == State.RUNNING:
                self.found.running += row["state"] == State.DONE
                self.found.known += row["state"] != State.DONE
            elif state != State.DONE and row["state"] == State.DONE:
                self._complete(row)
                self.found.completed += 1
            else:
                self._keep_scores(row, done=state == State.DONE)
                self.found.known += 1

    def _add(self, row: _Row, sequence: int) -> None:
        """A job that is not here; one that runs there waits here."""
        running = row["state"] == State.RUNNING
        new = row | {"sequence": sequence, "owner": None, "token": None, "expires": None}
        if running:
            new |= {"state": str(State.QUEUED), "attempts": row["attempts"] - 1}
        _insert(self._here, jobs, [new])
        self._copy(row["digest"], self._ended(row["digest"]), after=0)
        self._copy_results(row["digest"])

    def _complete(self, row: _Row) -> None:
        """A job that is done there and not here, where it has neither scores nor a worker."""
        digest = row["digest"]
        self._copy(digest, self._new(digest, self._ended(digest)), after=self._last(digest))
        self._copy_results(digest)
        self._here.run(
            "UPDATE jobs SET state = 'done', attempts = :attempts WHERE digest = :digest",
            attempts=row["attempts"],
            digest=digest,
        )

    def _keep_scores(self, row: _Row, *, done: bool) -> None:
        """The scores of a job that came out otherwise there, now or before, as past ones.

        Their attempts go before those of a job that is done here, whose scores are its last attempt's.
        """
        digest = row["digest"]
        past = _rows(self._there, past_scores, digest)
        with_scores = {one["number"] for one in past}
        differ: list[_Row] = []
        if row["state"] == State.DONE:
            differ = self._differing(row)
        ended = self._ended(digest)
        news = self._new(digest, ended)
        last = [one for one in ended if one["outcome"] == Outcome.OK][-1:] if differ else []
        current = [one for one in last if one in news]
        kept = [one for one in news if one["number"] in with_scores or one in current]
        if not kept:
            return
        if done:
            self._shift(digest, len(kept))
        numbers = self._copy(digest, kept, after=0 if done else self._last(digest))
        if current:
            number = numbers[current[0]["number"]]
            _insert(self._here, past_scores, [{**one, "number": number} for one in differ])

    def _differing(self, row: _Row) -> list[_Row]:
        """The scores there, if one of them differs from the one here; lists those that do."""
        table = metadata.tables["scores"]
        digest = row["digest"]
        ours = {(s["evaluation"], s["metric"]): s["value"] for s in _rows(self._here, table, digest)}
        theirs = _rows(self._there, table, digest)
        axes = {name: row[name] for name in ("digest", "label", "model", "task", "seed")}
        found = [
            Conflict(**axes, evaluation=s["evaluation"], metric=s["metric"], here=mine, there=s["value"])
            for s in theirs
            if (mine := ours.get((s["evaluation"], s["metric"]))) != s["value"]
        ]
        self.found.conflicts += found
        return theirs if found else []

    def _ended(self, digest: str) -> list[_Row]:
        """The attempts there that have come to an end, the first one first."""
        return [row for row in _rows(self._there, attempts, digest) if row["outcome"] is not None]

    def _new(self, digest: str, found: Iterable[_Row]) -> list[_Row]:
        """Those of some attempts there that are not here."""
        there = {_who(row) for row in _rows(self._here, attempts, digest)}
        return [row for row in found if _who(row) not in there]

    def _last(self, digest: str) -> int:
        return int(self._here.one(LAST, digest=digest)[0])

    def _copy(self, digest: str, found: Sequence[_Row], after: int) -> dict[int, int]:
        """Attempts with what belongs to them, numbered from ``after``; their numbers there -> here."""
        numbers = {row["number"]: after + at for at, row in enumerate(found, start=1)}
        _insert(self._here, attempts, [{**row, "number": numbers[row["number"]]} for row in found])
        for table in _OF_ATTEMPT:
            rows = [row for row in _rows(self._there, table, digest) if row["number"] in numbers]
            _insert(self._here, table, [{**row, "number": numbers[row["number"]]} for row in rows])
        return numbers

    def _copy_results(self, digest: str) -> None:
        for table in _OF_JOB:
            _insert(self._here, table, _rows(self._there, table, digest))
        if (news := of_job(self._here, LinkKind.MERGE, digest)).content:
            self.news.append(news)

    def _shift(self, digest: str, by: int) -> None:
        """Make room before a job's attempts here."""
        mine = "WHERE digest = :digest AND number = :number"
        for row in reversed(_rows(self._here, attempts, digest)):
            old = {"digest": digest, "number": row["number"]}
            _insert(self._here, attempts, [{**row, "number": row["number"] + by}])
            for table in _OF_ATTEMPT:
                self._here.run(f"UPDATE {table.name} SET number = number + :by {mine}", by=by, **old)
            self._here.run(f"DELETE FROM attempts {mine}", **old)

    def take_claims(self) -> None:
        """The earlier declaration stands; that there were scores then is told by either database."""
        ours, theirs = ({row["text"]: row for row in _rows(one, claims)} for one in (self._here, self._there))
        for text, first in sorted({**theirs, **ours}.items()):
            if text in theirs and theirs[text]["declared"] < first["declared"]:
                first = {**theirs[text], "places": first["places"]}
            scored = scored_by(self._here.connection, claim_of(first), first["declared"])
            new = {**first, "scored": max(first["scored"], scored)}
            if new != ours.get(text):
                self._here.run("DELETE FROM claims WHERE text = :text", text=text)
                _insert(self._here, claims, [new])
                self.news.append(of_claim(LinkKind.MERGE, new, ends_of(self._here)))
                self.found.claims += text not in ours or new["declared"] < ours[text]["declared"]

    def take_topups(self) -> None:
        """Plans, and looks at a plan that is the same here."""
        known = {row["name"]: row for row in _rows(self._here, topups)}
        looked = {(row["name"], row["look"]) for row in _rows(self._here, topup_looks)}
        looks = _rows(self._there, topup_looks, order="look")
        for row in _rows(self._there, topups, order="declared"):
            mine = known.get(row["name"])
            if mine is not None and _plan(mine) != _plan(row):
                self.found.other_plans.append(row["name"])
                continue
            new = [
                one
                for one in looks
                if one["name"] == row["name"] and (one["name"], one["look"]) not in looked
            ]
            _insert(self._here, topups, [row] if mine is None else [])
            _insert(self._here, topup_looks, new)
            self.found.plans += mine is None or bool(new)


def _who(attempt: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells an attempt from others, wherever it is numbered."""
    return attempt["worker"], attempt["started"], attempt["ended"], attempt["outcome"]


def _plan(row: Mapping[str, Any]) -> tuple[Any, ...]:
    texts = (json.loads(row[name]) for name in ("pairs", "seeds", "sizes"))
    return row["alpha"], row["margin"], *texts


def _rows(transaction: Transaction, table: Table, digest: str | None = None, order: str = "") -> list[_Row]:
    """Rows of a table, those of a job where one is named, by their keys where no order is."""
    names = [column.name for column in table.columns]
    key = order or ", ".join(column.name for column in table.primary_key.columns)
    where, values = ("", {}) if digest is None else (" WHERE digest = :digest", {"digest": digest})
    query = f"SELECT {', '.join(names)} FROM {table.name}{where} ORDER BY {key}"
    return [dict(zip(names, row, strict=True)) for row in transaction.all(query, **values)]


def _insert(transaction: Transaction, table: Table, rows: Sequence[_Row]) -> None:
    names = [column.name for column in table.columns]
    into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
    transaction.many(into, rows)
