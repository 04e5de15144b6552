"""Declared claims: from what users say to the database."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ftbench.db import Database, create_database
from ftbench.domain.axes import MethodChoice
from ftbench.domain.claim import DeclaredClaim
from ftbench.errors import UsageError
from ftbench.methods.base import PAPER
from ftbench.services.database import fill_published
from ftbench.services.planning import lookup
from ftbench.services.scores.selection import Selection
from ftbench.settings import is_missing


@dataclass(frozen=True)
class ClaimRequest:
    """A claim as it was typed.

    Attributes:
        text: the whole of it.
        better: the method that is said to be ahead.
        worse: the other one.
        claim: the same, with names as they were typed.
    """

    text: str
    better: MethodChoice
    worse: MethodChoice
    claim: DeclaredClaim


def declare(address: str, request: ClaimRequest) -> tuple[str, bool, int]:
    """Write a claim into a database, which is made where there is none.

    Returns:
        The claim in its canonical form, whether it is new, and how many runs that it is about had scores
        when it was declared.

    Raises:
        UsageError: it is about something that there is not.
    """
    if is_missing(address):
        _canonical(request)  # a mistake leaves no database behind
    with create_database(address) as database:
        canonical = _canonical(request, database)
        fill_published(database)
        new = database.claims.add(canonical)
        scored = next(row.scored for row in database.claims.list() if row.claim == canonical)
    return canonical.text, new, scored


def withdraw(database: Database, request: ClaimRequest) -> str:
    """Take a claim back of which no score is there; its canonical form.

    Raises:
        UsageError: it was not declared, or scores of it are there.
    """
    canonical = _canonical(request, database)
    scored = database.claims.withdraw(canonical)
    if scored:
        raise UsageError(f"claim '{canonical.text}': it stays, for {scored} of its runs have scores already")
    return canonical.text


def _canonical(request: ClaimRequest, database: Database | None = None) -> DeclaredClaim:
    """A claim with its names as jobs carry them: aliases resolved, groups spelled out, lists in order."""
    typed = request.claim
    better, worse = (lookup.grid_method(side, PAPER).label for side in (request.better, request.worse))
    if better == worse:
        raise UsageError(f"claim '{request.text}': {better} stands on both sides")
    asked = Selection(models=typed.models, tasks=typed.tasks)
    asked.check(database.results.cells() if database and (typed.models or typed.tasks) else [])
    return replace(
        typed,
        better=better,
        worse=worse,
        models=tuple(sorted(set(asked.model_ids()))),
        tasks=tuple(sorted(set(asked.task_names()))),
        train_sizes=tuple(sorted(typed.train_sizes, key=lambda size: size or 0)),
    )
