"""Results: what done jobs left behind, read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from ftbench.db.backends.words import Fact, Json, Listed, Without
from ftbench.db.checked import SpecReader, Unreadable, number_of, read_object, read_rows
from ftbench.db.engine import Store
from ftbench.db.filters import matching
from ftbench.db.rows import (
    ALL,
    AttemptRow,
    Document,
    JobFilter,
    JobSummary,
    PastScore,
    ScoreRow,
    ValueRow,
    change_of,
)
from ftbench.db.tables import attempts, curves, jobs, past_scores, predictions, provenance, scores
from ftbench.domain.provenance import NUMBERS
from ftbench.domain.result import CurvePoint, Outcome, Predictions, State
from ftbench.printable import printable, printable_lines

# Looked up, not called: a grid has few states and many rows.
_STATES = {state.value: state for state in State}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class Results:
    """Scores, attempts, curves and predictions; nothing here writes."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def scores(self, where: JobFilter = ALL) -> list[ScoreRow]:
        """Every score of the jobs, in the order in which the jobs were queued."""
        model = self._store.shown_model()
        own: dict[str, ColumnElement[Any]] = {k: scores.c[k] for k in ("evaluation", "metric", "value")}
        own |= {"n_attempts": jobs.c.attempts, "model": model}
        query = (
            select(*(own[name] if name in own else jobs.c[name] for name in ScoreRow._fields))
            .join_from(scores, jobs)
            .where(matching(where, model))
            .order_by(jobs.c.sequence, scores.c.evaluation, scores.c.metric)
        )
        parse = _parser()
        convert: dict[str, Callable[[str], Any]] = {
            "state": _STATES.__getitem__,
            "perturbation": change_of,
            "hparams": parse,
            "recipe": parse,
        }
        believed = {cell.digest for cell in self._summaries(where)}
        rows = [row for row in self._store.rows(query) if row[0] in believed]
        return [
            ScoreRow._make(row) for row in read_rows(rows, ScoreRow._fields, convert, self._store.set_aside)
        ]

    def values(self, where: JobFilter = ALL) -> list[ValueRow]:
        """The same scores without their jobs' axes and in no order: a small part of the time."""
        query = select(*(scores.c[name] for name in ValueRow._fields))
        if where != ALL:
            query = query.join_from(scores, jobs).where(matching(where, self._store.shown_model()))
        return [ValueRow._make(row) for row in self._read(query, ValueRow._fields, {})]

    def cells(self, where: JobFilter = ALL) -> list[JobSummary]:
        """The axes of the jobs in every state, so that a report can mark what is missing or incomplete.

        Trials of a tuning are none of them: what they score is no result.
        """
        return [cell for cell in self._summaries(where) if not cell.trial]

    def trials(self, where: JobFilter = ALL) -> list[JobSummary]:
        """The axes of the jobs that are scored on held-out training rows."""
        return [cell for cell in self._summaries(where) if cell.trial]

    def _summaries(self, where: JobFilter) -> list[JobSummary]:
        last_outcome = (
            select(attempts.c.outcome)
            .where(attempts.c.digest == jobs.c.digest, attempts.c.outcome.is_not(None))
            .order_by(attempts.c.number.desc())
            .limit(1)
            .scalar_subquery()
        )
        of_failed = case((jobs.c.state == State.FAILED.value, last_outcome))
        query = select(jobs.c.digest, jobs.c.label, jobs.c.state, of_failed, jobs.c.spec)
        query = query.where(matching(where, self._store.shown_model())).order_by(jobs.c.sequence)
        fields = ("digest", "label", "state", "last_outcome", "spec")
        convert = {"state": _STATES.__getitem__, "last_outcome": _OUTCOMES.__getitem__}
        told, aside, cells = SpecReader().told, self._store.set_aside, []
        called = self._store.model_names()
        batches = (read_rows(rows, fields, convert, aside) for rows in self._store.batches(query))
        labels: dict[str, str] = {}  # each held once
        for digest, label, state, outcome, spec in itertools.chain.from_iterable(batches):
            try:
                model, revision, task, data, method, hparams, change, recipe, trial, seed = told(digest, spec)
            except Unreadable as error:
                aside(digest, str(error))
                continue
            names = (
                digest,
                labels.setdefault(label, label),
                called.get((model, revision), model),
                task,
                method,
            )
            rest = seed, change, state, outcome, hparams, recipe, revision, data, "", trial
            cells.append(JobSummary._make(names + rest))
        return cells

    def past(self, where: JobFilter = ALL) -> list[PastScore]:
        """What jobs scored before they were run again, oldest first, beside what they score now."""
        model = self._store.shown_model()
        same = [scores.c[name] == past_scores.c[name] for name in ("digest", "evaluation", "metric")]
        ran = [provenance.c[name] == past_scores.c[name] for name in ("digest", "number")]
        own = {
            "model": model,
            "number": past_scores.c.number,
            "code": Fact(Json(provenance.c.facts), "$.method_digest"),
            "evaluation": past_scores.c.evaluation,
            "metric": past_scores.c.metric,
            "old": past_scores.c.value,
            "new": scores.c.value,
        }
        query = (
            select(*(own[name] if name in own else jobs.c[name] for name in PastScore._fields))
            .join_from(past_scores, jobs, past_scores.c.digest == jobs.c.digest)
            .join(scores, and_(*same), isouter=True)
            .join(provenance, and_(*ran), isouter=True)
            .where(matching(where, model))
            .order_by(jobs.c.sequence, past_scores.c.number, past_scores.c.evaluation, past_scores.c.metric)
        )
        convert: dict[str, Callable[[Any], Any]] = {"perturbation": change_of, "recipe": _parser()}
        return [PastScore._make(row) for row in self._read(query, PastScore._fields, convert)]

    def attempts(self, digest: str) -> list[AttemptRow]:
        """Every try at a job, the first one first; [] where there is none."""
        query = (
            select(*(attempts.c[name] for name in AttemptRow._fields))
            .where(attempts.c.digest == digest)
            .order_by(attempts.c.number)
        )
        convert: dict[str, Callable[[Any], Any]] = {
            "outcome": Outcome,
            "worker": printable,
            "message": printable,
            "traceback": printable_lines,
        }
        rows = self._store.rows(query)
        return [AttemptRow._make(row) for row in read_rows(rows, AttemptRow._fields, convert, self._attempt)]

    def _attempt(self, number: object, reason: str) -> None:
        self._store.set_aside(f"attempt {number}", reason)

    def provenance(self, digest: str) -> dict[str, Any]:
        """What a job's latest attempt that said so ran with; {} where none did."""
        query = (
            select(provenance.c.facts)
            .where(provenance.c.digest == digest)
            .order_by(provenance.c.number.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            found = connection.scalar(query)
        return _facts(found) or {}

    def provenances(self, digests: Collection[str]) -> dict[str, dict[str, Any]]:
        """``provenance`` of many jobs: digest -> facts; those of which nothing is known are left out."""
        found = self._latest(digests, provenance.c, provenance.c.facts)
        known = ((digest, _facts(facts)) for digest, (facts,) in found.items())
        return {digest: facts for digest, facts in known if facts is not None}

    def ran(self, digests: Collection[str], paths: Iterable[Sequence[str]]) -> dict[str, tuple[Any, ...]]:
        """Some facts of ``provenances``, None for what is not known: a third of the time.

        Args:
            digests: of the jobs.
            paths: where the facts stand, the keys from the outside in; a fact of ``NUMBERS`` that is no
                number, or another one that is no text, is not known.
        """
        asked = [tuple(path) for path in paths]
        places = ['$."' + '"."'.join(path) + '"' for path in asked]
        read = _read_once()
        found = self._latest(digests, read, *(Fact(read.facts, place) for place in places))
        kinds = [int | float if path in NUMBERS else str for path in asked]
        return {
            digest: tuple(
                fact if isinstance(fact, kind) else None for fact, kind in zip(facts, kinds, strict=True)
            )
            for digest, facts in found.items()
        }

    def surroundings(self, digests: Collection[str], own: Iterable[str]) -> dict[str, Document]:
        """``provenances`` without what is a job's ``own``; jobs that ran alike share theirs."""
        parse = _parser()
        found = self._latest(digests, provenance.c, Without(provenance.c.facts, *own)).items()
        return {digest: parse(facts if facts and facts[0] == "{" else "{}") for digest, (facts,) in found}

    def _latest(
        self, digests: Collection[str], of: ReadOnlyColumnCollection[str, Any], *facts: ColumnElement[Any]
    ) -> dict[str, tuple[Any, ...]]:
        query = select(of.digest, *facts).order_by(of.number)
        # All are read and few are kept: of many, looking each up would take longer.
        return {row[0]: row[1:] for row in self._store.rows(query) if row[0] in digests}

    def codes(self) -> dict[str, str]:
        """The digest of its method's code that each job was last trained with: job -> digest, where known."""
        read = _read_once()
        query = select(read.digest, Fact(read.facts, "$.method_digest")).order_by(read.number)
        return {digest: found for digest, found in self._store.rows(query) if isinstance(found, str)}

    def curves(self, digest: str) -> list[CurvePoint]:
        """The logged numbers of a done job, by run, name and step."""
        fields = ("digest", *CurvePoint.__dataclass_fields__)
        query = (
            select(*(curves.c[name] for name in fields))
            .where(curves.c.digest == digest)
            .order_by(curves.c.run, curves.c.name, curves.c.step)
        )
        return [
            CurvePoint(run, step, name, float("nan") if value is None else value)
            for _, run, step, name, value in self._read(query, fields, {"value": number_of})
        ]

    def losses(self, digests: Iterable[str]) -> list[tuple[str, str, int, float]]:
        """The finite losses of many jobs, in their order: digest, run, step, value."""
        order = list(digests)
        named = Listed(order).table_valued("value")
        fields = ("digest", "run", "step", "value")
        query = (
            select(*(curves.c[name] for name in fields))
            .join_from(named, curves, curves.c.digest == named.c.value)
            .where(curves.c.name == "loss", curves.c.value.is_not(None))
            .order_by(curves.c.digest, curves.c.run, curves.c.name, curves.c.step)  # as the table lies
        )
        found: dict[str, list[tuple[str, str, int, float]]] = {}
        for digest, run, step, value in self._read(query, fields, {"value": number_of}):
            found.setdefault(digest, []).append((digest, run, step, value))
        return [row for digest in order for row in found.get(digest, ())]

    def predictions(self, digest: str) -> list[Predictions]:
        """The logits of a done job, by run and evaluation set; those that are not whole are set aside."""
        fields = ("digest", *Predictions.__dataclass_fields__)
        query = (
            select(*(predictions.c[name] for name in fields))
            .where(predictions.c.digest == digest)
            .order_by(predictions.c.run, predictions.c.evaluation)
        )
        found = [Predictions(*row) for _, *row in self._read(query, fields, {})]
        for one in found:
            if not one.whole:
                self._store.set_aside(digest, f"its logits on {one.evaluation} are not as many as they say")
        return [one for one in found if one.whole]

    def _read(
        self, query: Select[Any], fields: Sequence[str], convert: Mapping[str, Callable[[Any], Any]]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a query that can be believed, whose first field is the digest of their job."""
        return read_rows(self._store.rows(query), fields, convert, self._store.set_aside)


def _read_once() -> ReadOnlyColumnCollection[str, Any]:
    """The columns of ``provenance``, its texts as documents: for several facts each is read once."""
    c = provenance.c
    return select(c.digest, c.number, Json(c.facts).label("facts")).subquery().c


def _facts(text: object) -> dict[str, Any] | None:
    """What an attempt ran with; None where the row holds nothing of the kind."""
    try:
        return read_object(text, "facts")
    except Unreadable:
        return None


def _parser() -> Callable[[str], Document]:
    """A JSON reader that reads a text it has seen only once: a grid has few recipes and many rows."""

    @cache
    def parse(text: str) -> Document:
        return Document(json.loads(text))

    return parse
