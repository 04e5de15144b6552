"""Health: what is wrong with a database, found by reading all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, inspect, not_, or_, select

from ftbench.db.allocations import Launches
from ftbench.db.backends.words import IsNumber
from ftbench.db.chain_check import read_chain
from ftbench.db.checked import SpecReader, Told, Unreadable, read_object, read_places, read_rows
from ftbench.db.claims import DeclaredClaims
from ftbench.db.engine import Store
from ftbench.db.rows import change_of
from ftbench.db.studies import Studies
from ftbench.db.tables import attempts, curves, jobs, metadata, past_scores, predictions, provenance, scores
from ftbench.db.topups import Topups
from ftbench.domain.result import Outcome, Predictions, State, lies_in
from ftbench.metrics import score_bounds

#: What to do about each kind of trouble; see ``docs/databases.md``.
ADVICE = {
    "damaged file": "restore a backup, or `sqlite3 FILE .recover`",
    "other form": "restore a backup: something else has changed the tables",
    "view or trigger": "drop it with `sqlite3`, unless it is yours: ftbench makes none",
    "no such job": "delete these rows with `sqlite3`: nothing reads them",
    "unreadable": "queue these jobs anew: no command believes these rows",
    "unlike its spec": "restore a backup: the digest stands for the spec, and filters read the columns",
    "state": "restore a backup, or set the state with `sqlite3`: no worker leaves it so",
    "score": "delete it with `sqlite3` and set the job's state to 'queued'",
    "changed by hand": "restore a backup, or leave it: claims about these rows do not count as declared",
    "chain": "restore a backup: until then no claim counts as declared",
}


class Trouble(NamedTuple):
    """One kind of trouble in one table.

    Attributes:
        kind: as in ``ADVICE``.
        table: where; "" for the whole file.
        rows: how many.
        first: the first of them: the job, and what is wrong in words.
        advice: what to do.
    """

    kind: str
    table: str
    rows: int
    first: str
    advice: str


class Health:
    """Looks for trouble; nothing here writes."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def troubles(self) -> list[Trouble]:
        """Everything that is wrong, the worst first; [] where nothing is.

        Raises:
            DatabaseError: the file is too damaged to be read to its end.
        """
        found = [_trouble("damaged file", "", self._damage()), *self._form()]
        if any(found):  # queries about tables that are not there would fail
            return [one for one in found if one]
        with self._store.reading() as connection:
            found.append(_trouble("view or trigger", "", self._store.backend.strangers(connection)))
        found += [_trouble("no such job", table, rows) for table, rows in self._orphans()]
        found += self._jobs()
        found += [_trouble("unreadable", table, rows) for table, rows in self._contents()]
        found += [_trouble("state", table, rows) for table, rows in self._states()]
        found += [_trouble("score", table.name, self._scores(table)) for table in (scores, past_scores)]
        found += self._chain()
        shell = self._store.backend.shell
        return [one._replace(advice=one.advice.replace("sqlite3", shell)) for one in found if one]

    def _chain(self) -> Iterator[Trouble | None]:
        """What was changed by hand, as the chain shows."""
        with self._store.reading() as connection:
            chain = read_chain(self._store, connection)
        yield _trouble("chain", "chain", chain.broken)
        for table, changed in (("jobs", chain.jobs), ("claims", chain.claims)):
            told = [f"{who[:12] if table == 'jobs' else who}: {what}" for who, what in changed.items()]
            yield _trouble("changed by hand", table, told)

    def _damage(self) -> list[str]:
        with self._store.reading() as connection:
            return self._store.backend.damage(connection)

    def _form(self) -> Iterator[Trouble | None]:
        with self._store.reading() as connection:
            schema = inspect(connection)
            there = set(schema.get_table_names())
            for table in metadata.sorted_tables:
                if table.name not in there:
                    yield _trouble("other form", table.name, ["there is no such table"])
                    continue
                columns = {column["name"] for column in schema.get_columns(table.name)}
                indexes = {str(index["name"]) for index in schema.get_indexes(table.name)}
                lacking = [f"column {c.name} is missing" for c in table.columns if c.name not in columns]
                lacking += [f"index {i.name} is missing" for i in table.indexes if i.name not in indexes]
                yield _trouble("other form", table.name, lacking)

    def _orphans(self) -> Iterator[tuple[str, list[str]]]:
        """Rows that refer to what is not there."""
        for table in metadata.sorted_tables:
            for key in table.foreign_key_constraints:
                pairs = [(one.parent, one.column) for one in key.elements]
                met = exists().where(*(parent == child for child, parent in pairs)).correlate(table)
                query = select(*(child for child, _ in pairs)).where(not_(met))
                yield table.name, [" ".join(map(str, row)) for row in self._store.rows(query)]

    def _jobs(self) -> list[Trouble | None]:
        names = (*_AXES, "hparams", "recipe", "perturbation", "train_size", "reduction", "noise")
        fields = ("digest", "state", "label", "attempts", "priority", "created", "places", "spec")
        query = select(*(jobs.c[name] for name in (*fields, *names))).order_by(jobs.c.sequence)
        reader, unlike, wrong = SpecReader(), list[str](), _Aside()
        convert: Mapping[str, Callable[[Any], Any]] = {"state": State, "places": read_places}
        rows = self._store.rows(query)
        columns = {row[0]: row[len(fields) :] for row in rows}
        for digest, *_, spec in read_rows([row[: len(fields)] for row in rows], fields, convert, wrong):
            try:
                told = reader.told(digest, spec)
            except Unreadable as error:
                wrong(digest, str(error))
                continue
            differs = _unlike(told, dict(zip(names, columns[digest], strict=True)))
            unlike += [f"{_short(digest)}: {', '.join(differs)}"] if differs else []
        return [_trouble("unreadable", "jobs", wrong.found), _trouble("unlike its spec", "jobs", unlike)]

    def _contents(self) -> Iterator[tuple[str, list[str]]]:
        """What cannot be read in the tables beside ``jobs``."""
        wrong = _Aside()
        fields = ("digest", "number", "worker", "started", "ended", "outcome", "message", "traceback")
        query = select(*(attempts.c[name] for name in fields))
        outcomes: Mapping[str, Callable[[Any], Any]] = {"outcome": Outcome, "message": str, "traceback": str}
        list(read_rows(self._store.rows(query), fields, outcomes, wrong))
        yield "attempts", wrong.found
        facts = self._store.rows(select(provenance.c.digest, provenance.c.facts))
        yield "provenance", [_short(digest) for digest, text in facts if not _is_object(text)]
        c = curves.c
        kinds = or_(not_(IsNumber(c.step, whole=True)), and_(c.value.is_not(None), not_(IsNumber(c.value))))
        points = self._store.rows(select(curves.c.digest).where(kinds))
        yield "curves", [_short(digest) for (digest,) in points]
        yield "predictions", list(self._predictions())
        before = set(self._store.aside)
        lists = {
            "claims": DeclaredClaims(self._store).list,
            "topups": Topups(self._store).list,
            "launches": Launches(self._store).list,
            "studies": Studies(self._store).list,
        }
        for name, read in lists.items():
            read()
            told = {who: why for who, why in self._store.aside.items() if who not in before}
            before |= told.keys()
            yield name, [f"{who}: {why}" for who, why in told.items()]

    def _predictions(self) -> Iterator[str]:
        """Logits that are not as many numbers as they say; one after the other, for they are large."""
        c = predictions.c
        for digest, run, evaluation in self._store.rows(select(c.digest, c.run, c.evaluation)):
            here = and_(c.digest == digest, c.run == run, c.evaluation == evaluation)
            for rows, outputs, logits in self._store.rows(select(c.rows, c.outputs, c.logits).where(here)):
                if not Predictions(run, evaluation, rows, outputs, logits).whole:
                    yield f"{_short(digest)} {evaluation}: no {rows} x {outputs} numbers"

    def _states(self) -> Iterator[tuple[str, list[str]]]:
        """Jobs that stand where no worker leaves one."""
        scored = exists().where(scores.c.digest == jobs.c.digest)
        tried = exists().where(attempts.c.digest == jobs.c.digest, attempts.c.outcome == str(Outcome.OK))
        open_ = exists().where(attempts.c.digest == jobs.c.digest, attempts.c.outcome.is_(None))
        running, done = jobs.c.state == str(State.RUNNING), jobs.c.state == str(State.DONE)
        lease = (jobs.c.owner, jobs.c.token, jobs.c.expires)
        checks: tuple[tuple[str, ColumnElement[bool]], ...] = (
            ("done without a score", and_(done, not_(scored))),
            ("done without an attempt that ended well", and_(done, not_(tried))),
            ("scores, and is not done", and_(not_(done), scored)),
            ("running without a lease", and_(running, or_(*(column.is_(None) for column in lease)))),
            ("a lease, and is not running", and_(not_(running), lease[1].is_not(None))),
            ("running without an attempt", and_(running, not_(open_))),
            ("an attempt that has not ended, and is not running", and_(not_(running), open_)),
        )
        for what, condition in checks:
            rows = self._store.rows(select(jobs.c.digest).where(condition).order_by(jobs.c.sequence))
            yield "jobs", [f"{_short(digest)}: {what}" for (digest,) in rows]

    def _scores(self, table: Any) -> list[str]:
        fields, wrong = ("digest", "evaluation", "metric", "value"), _Aside()
        rows = self._store.rows(select(*(table.c[name] for name in fields)))
        for digest, evaluation, metric, value in read_rows(rows, fields, {}, wrong):
            if not lies_in(score_bounds(metric), value):
                wrong(digest, f"{metric} on {evaluation} is {value:g}")
        return wrong.found


class _Aside:
    """Takes what is wrong with rows."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, digest: object, reason: str) -> None:
        self.found.append(f"{_short(digest)}: {reason}")


_AXES = ("model", "model_revision", "task", "data_revision", "method", "seed")


def _unlike(told: Told, columns: Mapping[str, Any]) -> list[str]:
    """The columns of a job that say something else than its spec."""
    change = told.perturbation
    expected: dict[str, Any] = {name: getattr(told, name) for name in _AXES}
    expected |= {"train_size": change.train_size, **{n: change.value(n) for n in ("reduction", "noise")}}
    differs = [name for name, value in expected.items() if columns[name] != value]
    try:
        differs += [n for n in ("hparams", "recipe") if json.loads(columns[n]) != getattr(told, n)]
        differs += ["perturbation"] if change_of(columns["perturbation"]) != change else []
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        differs.append("a column that is no JSON")
    return differs


def _is_object(text: object) -> bool:
    try:
        return bool(read_object(text, "facts")) or text == "{}"
    except Unreadable:
        return False


def _short(digest: object) -> str:
    return digest[:12] if isinstance(digest, str) else repr(digest)[:12]


def _trouble(kind: str, table: str, rows: Iterable[str]) -> Trouble | None:
    found = list(rows)
    return Trouble(kind, table, len(found), found[0], ADVICE[kind]) if found else None
