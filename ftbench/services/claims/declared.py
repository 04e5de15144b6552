"""Declared claims: from what users type to the database."""

from __future__ import annotations

from dataclasses import replace

from ftbench import perturbations
from ftbench.db import create_database, open_database
from ftbench.domain import axes, claim
from ftbench.domain.claim import DeclaredClaim
from ftbench.errors import UsageError
from ftbench.methods.base import PAPER
from ftbench.models.resolve import model_id
from ftbench.services.database import fill
from ftbench.services.planning import finding
from ftbench.services.scores.selection import Selection
from ftbench.settings import sqlite_path


def declare(address: str, text: str) -> tuple[str, bool, int]:
    """Write a claim into a database, which is made where there is none.

    Returns:
        The claim in its canonical form, whether it is new, and how many runs that it is about had scores
        when it was declared.

    Raises:
        UsageError: it is not a claim, or is about something that there is not.
    """
    canonical = _canonical(address, text)
    with create_database(address) as database:
        fill(database)
        new = database.claims.add(canonical)
        scored = next(row.scored for row in database.claims.list() if row.claim == canonical)
    return canonical.text, new, scored


def withdraw(address: str, text: str) -> str:
    """Take a claim back of which no score is there; its canonical form.

    Raises:
        UsageError: it was not declared, or scores of it are there.
    """
    canonical = _canonical(address, text)
    with open_database(address) as database:
        scored = database.claims.withdraw(canonical)
    if scored:
        raise UsageError(f"claim '{canonical.text}': it stays, for {scored} of its runs have scores already")
    return canonical.text


def _canonical(address: str, text: str) -> DeclaredClaim:
    """A claim with its names as jobs carry them: aliases resolved, groups spelled out, lists in order."""
    names = [entry.name for entry in perturbations.available()]
    typed = claim.parse(text, names, lambda one: perturbations.asked(one).changes)
    better, worse = (
        finding.method(axes.methods(side)[0], PAPER).label for side in (typed.better, typed.worse)
    )
    if better == worse:
        raise UsageError(f"claim '{text}': {better} stands on both sides")
    asked = Selection(models=",".join(typed.models), tasks=",".join(typed.tasks))
    path = sqlite_path(address)
    if (typed.models or typed.tasks) and (path is None or path.exists()):
        with open_database(address, write=False) as database:
            asked.check(database.results.cells())
    else:
        asked.check([])
    models = sorted({model_id(name) for name in typed.models})
    return replace(
        typed,
        better=better,
        worse=worse,
        models=tuple(models),
        tasks=tuple(sorted(set(asked.task_names()))),
        train_sizes=tuple(sorted(typed.train_sizes, key=lambda size: size or 0)),
    )
