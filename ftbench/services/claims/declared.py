"""Declared claims: from what users say to the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ftbench import methods, metrics, tasks
from ftbench.db import Database, JobSummary, create_database, open_database
from ftbench.domain.axes import MethodChoice
from ftbench.domain.claim import DeclaredClaim
from ftbench.errors import DatabaseMissing, FtbenchError, UnknownName, UsageError
from ftbench.methods.base import PAPER
from ftbench.models.resolve import id_of
from ftbench.perturbations import PluginFiles
from ftbench.services.database import fill_published
from ftbench.services.planning import lookup
from ftbench.services.scores.selection import Selection, named_files


@dataclass(frozen=True)
class ClaimRequest:
    """A claim as it was typed.

    Attributes:
        text: the whole of it.
        better: the method that is said to be ahead.
        worse: the other one.
        claim: the same, with names as they were typed.
        files: where its perturbations stand that are the user's own: name -> file.
    """

    text: str
    better: MethodChoice
    worse: MethodChoice
    claim: DeclaredClaim
    files: PluginFiles = field(default_factory=dict)

    @property
    def places(self) -> dict[str, Mapping[str, str]]:
        """The files that it names, by kind."""
        found = {"methods": named_files((self.better, self.worse)), "perturbations": self.files}
        return {kind: files for kind, files in found.items() if files}


def declare(address: str, request: ClaimRequest) -> tuple[str, bool, int]:
    """Write a claim into a database, which is made where there is none.

    Returns:
        The claim in its canonical form, whether it is new, and how many runs that it is about had scores
        when it was declared.

    Raises:
        UsageError: it is about something that there is not.
    """
    try:
        opened = open_database(address)
    except DatabaseMissing:
        _canonical(request)  # a mistake leaves no database behind
        opened = create_database(address)
    with opened as database:
        canonical = _canonical(request, database)
        fill_published(database)
        new = database.claims.add(canonical, request.places)
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


def about(claim: DeclaredClaim, cell: JobSummary) -> bool:
    """Whether a claim is about a job."""
    return (
        cell.label in (claim.better, claim.worse)
        and cell.perturbation.condition == claim.condition
        and (not claim.train_sizes or cell.train_size in claim.train_sizes)
        and (not claim.models or bool({cell.model, id_of(cell.model)} & set(claim.models)))
        and (not claim.tasks or cell.task in claim.tasks)
    )


def _canonical(request: ClaimRequest, database: Database | None = None) -> DeclaredClaim:
    """A claim with its names as jobs carry them: aliases resolved, groups spelled out, lists in order."""
    typed = request.claim
    cells = database.results.cells() if database else []
    better, worse = (_label(side, cells) for side in (request.better, request.worse))
    if better == worse:
        raise UsageError(f"claim '{request.text}': {better} stands on both sides")
    asked = Selection(models=typed.models, tasks=typed.tasks)
    asked.check(cells)
    metric = _metric(typed.metric, request.text, asked.task_names())
    return replace(
        typed,
        better=better,
        worse=worse,
        models=tuple(sorted(set(asked.models_of(cells) or asked.model_ids()))),
        tasks=tuple(sorted(set(asked.task_names()))),
        train_sizes=tuple(sorted(typed.train_sizes, key=lambda size: size or 0)),
        metric=metric,
    )


def _metric(name: str, claim: str, named: Collection[str]) -> str:
    """A metric as claims carry it; it must fit the tasks that the claim names and that are known here."""
    if not name:
        return ""
    if Path(name).suffix:
        raise UsageError(
            f"claim '{claim}': {name} is a file; claims are about installed metrics: see `ftbench metrics`"
        )
    found = metrics.find(name)
    for task in (tasks.find(name) for name in named if tasks.is_built_in(name)):
        if why := found.unfit(task):
            raise UsageError(f"claim '{claim}': {found.name()} does not fit {task.name}: {why}")
    return found.name()


def _label(side: MethodChoice, cells: Sequence[JobSummary]) -> str:
    """A method's label; that of jobs that are there, where the method is not installed."""
    try:
        return lookup.grid_method(side, PAPER).label
    except FtbenchError as error:
        if any(cell.label == side.text for cell in cells):
            return side.text
        if isinstance(error, UnknownName) and error.kind == "method":
            known = {cell.method for cell in cells} | {entry.name for entry in methods.available()}
            raise UnknownName("method", side.name, known) from None
        raise
