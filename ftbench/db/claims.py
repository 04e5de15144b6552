"""DeclaredClaims: what users said of two methods before they ran them."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from ftbench.db.backends.words import Constant, Fact, Json, Normal, Without
from ftbench.db.chain import append, ends_of, gone, of_claim
from ftbench.db.chain_check import Chain, read_chain
from ftbench.db.checked import Unreadable, check_column, read_object
from ftbench.db.engine import Store, Transaction
from ftbench.db.names import shown_model
from ftbench.db.rows import ClaimRow
from ftbench.db.tables import attempts, claims, jobs, past_scores, provenance, scores
from ftbench.domain.chain import Ends, LinkKind
from ftbench.domain.claim import DeclaredClaim, metric_of
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import Outcome
from ftbench.domain.target import HELD_OUT
from ftbench.errors import FtbenchError, UnknownName


class DeclaredClaims:
    """The table ``claims``."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def add(self, claim: DeclaredClaim, places: Mapping[str, Any] | None = None) -> bool:
        """Declare a claim now; False where it was declared before, which stays as it is but for its places.

        The scores that are there are counted after the chain was looked at: one that slips in is either
        counted or comes later by the chain.

        Args:
            claim: in its canonical form.
            places: files on this machine: ``methods`` and ``perturbations``, by name.
        """
        with self._store.writing(alone=True) as transaction:
            connection = transaction.connection
            known = connection.scalar(select(claims.c.text).where(claims.c.text == claim.text))
            if known is None:
                ends = ends_of(transaction)
                connection.execute(
                    insert(claims).values(
                        text=claim.text,
                        better=claim.better,
                        worse=claim.worse,
                        models=json.dumps(claim.models),
                        tasks=json.dumps(claim.tasks),
                        noise=claim.condition.value("noise"),
                        reduction=claim.condition.value("reduction"),
                        perturbation=_json(claim.condition),
                        train_sizes=json.dumps(claim.train_sizes),
                        declared=transaction.now(),
                        scored=_scored(connection, claim),
                        places=json.dumps(places or {}, sort_keys=True),
                    )
                )
                stored = connection.execute(select(claims).where(claims.c.text == claim.text)).mappings()
                append(transaction, [of_claim(LinkKind.CLAIM, {**stored.one()}, ends)])
            elif places:
                moved = update(claims).where(claims.c.text == claim.text)
                connection.execute(moved.values(places=json.dumps(places, sort_keys=True)))
            return known is None

    def withdraw(self, claim: DeclaredClaim) -> int:
        """Remove a claim of which nothing is known yet; the scores that keep it, 0 where it is gone.

        Raises:
            UnknownName: it was not declared.
        """
        with self._store.writing(alone=True) as transaction:
            connection = transaction.connection
            known = [str(text) for text in connection.scalars(select(claims.c.text))]
            if claim.text not in known:
                raise UnknownName("claim", claim.text, known)
            scored = _scored(connection, claim)
            if not scored:
                connection.execute(delete(claims).where(claims.c.text == claim.text))
                append(transaction, [gone(LinkKind.WITHDRAW, claim.text)])
            return scored

    def ends(self) -> Ends:
        """Where the chain ends now; later scores and claims stand behind."""
        with self._store.reading() as connection:
            return ends_of(Transaction(connection, self._store.backend.now, {}))

    def chain(self) -> Chain:
        """The chain, held against what is there."""
        with self._store.reading() as connection:
            return read_chain(self._store, connection)

    def list(self) -> builtins.list[ClaimRow]:
        """The claims in the order in which they were declared."""
        query = select(claims).order_by(claims.c.declared, claims.c.text)
        with self._store.reading() as connection:
            found: builtins.list[ClaimRow] = []
            chain = read_chain(self._store, connection) if connection.scalar(query.limit(1)) else Chain()
            for row in map(dict[str, Any], connection.execute(query).mappings()):
                try:
                    claim, places = claim_of(row), read_object(row["places"], "places")
                    check_column("created", (row["declared"],))
                    check_column("number", (row["scored"],))
                except Unreadable as error:
                    self._store.set_aside(f"the claim {row['text']!r:.80}", str(error))
                    continue
                counted = _scored(connection, claim), _older(connection, claim, row["declared"])
                about = select(jobs.c.digest).where(_about(claim, shown_model(connection)))
                untrue = chain.untrue(row["text"], connection.scalars(about).all(), late=row["scored"] > 0)
                found.append(ClaimRow(claim, row["declared"], row["scored"], *counted, places, untrue))
            return found


def claim_of(row: Mapping[str, Any]) -> DeclaredClaim:
    """The claim of a row.

    Raises:
        Unreadable: it holds none.
    """
    check_column("label", (row["better"], row["worse"]))
    try:
        models, tasks, sizes = (tuple(json.loads(row[name])) for name in ("models", "tasks", "train_sizes"))
        change = Perturbation.of(json.loads(row["perturbation"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, FtbenchError) as error:
        raise Unreadable(f"it holds what this version cannot read: {error!r:.80}") from None
    check_column("model", models + tasks)
    check_column("train_size", sizes)
    if not all(isinstance(one.value, int | float) for one in change.changes):
        raise Unreadable("its perturbation is no number")
    return DeclaredClaim(
        row["better"], row["worse"], models, tasks, change, sizes, metric_of(str(row["text"]))
    )


def scored_by(connection: Connection, claim: DeclaredClaim, moment: float) -> int:
    """The jobs that a claim is about which had scores at a moment, in seconds since 1970."""
    ended = and_(attempts.c.outcome == str(Outcome.OK), attempts.c.ended <= moment)
    has = exists().where(attempts.c.digest == jobs.c.digest, ended)
    query = select(func.count()).select_from(jobs)
    return int(connection.scalar(query.where(_about(claim, shown_model(connection)), has)) or 0)


def _scored(connection: Connection, claim: DeclaredClaim) -> int:
    """The jobs that a claim is about which have scores, or had some before they were run again."""
    has = or_(*(exists().where(table.c.digest == jobs.c.digest) for table in (scores, past_scores)))
    return int(
        connection.scalar(
            select(func.count()).select_from(jobs).where(_about(claim, shown_model(connection)), has)
        )
        or 0
    )


def _older(connection: Connection, claim: DeclaredClaim, declared: float) -> int:
    """The jobs that a claim is about whose results came in a file and began before it, or do not say when."""
    began = Fact(Json(provenance.c.facts), "$.began")
    same = [provenance.c[name] == attempts.c[name] for name in ("digest", "number")]
    after = exists().where(*same, began > Constant(declared))
    came = and_(attempts.c.outcome == str(Outcome.OK), attempts.c.started.is_(None))
    has = exists().where(attempts.c.digest == jobs.c.digest, came, ~after)
    query = select(func.count()).select_from(jobs)
    return int(connection.scalar(query.where(_about(claim, shown_model(connection)), has)) or 0)


def _about(claim: DeclaredClaim, model: ColumnElement[str]) -> ColumnElement[bool]:
    conditions = [
        jobs.c.label.in_([claim.better, claim.worse]),
        Without(jobs.c.perturbation, "train_size") == Normal(_json(claim.condition)),
        ~jobs.c.spec.contains(f'"evaluation":["{HELD_OUT}"'),  # trials say nothing of the reported split
    ]
    if claim.train_sizes:
        sizes = [size for size in claim.train_sizes if size is not None]
        whole = jobs.c.train_size.is_(None) if None in claim.train_sizes else false()
        conditions.append(or_(jobs.c.train_size.in_(sizes), whole))
    if claim.models:
        conditions.append(or_(model.in_(claim.models), jobs.c.model.in_(claim.models)))
    if claim.tasks:
        conditions.append(jobs.c.task.in_(claim.tasks))
    return and_(*conditions)


def _json(perturbation: Perturbation) -> str:
    """A perturbation as its column holds it."""
    return json.dumps(perturbation.canonical(), sort_keys=True, separators=(",", ":"))
