"""Searches: what came of the trials of a database's studies, and what each method's values are by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ftbench.db import Database, JobSummary
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import Outcome, State
from ftbench.domain.study import Study
from ftbench.domain.target import HELD_OUT
from ftbench.services.scores.jobs import reported
from ftbench.services.scores.own import own_tasks

#: How a failed trial has used its place in the budget: by what the method did. A lost one has not.
SPENT = frozenset({Outcome.DIVERGED, Outcome.OOM, Outcome.USER, Outcome.TIMEOUT})


@dataclass(frozen=True)
class Tried:
    """A trial, and what came of it.

    Attributes:
        draw: its number.
        digest: of its job.
        cell: its job; None where the database has it no more.
        score: on the held-out rows; None where it failed or has not ended.
    """

    draw: int
    digest: str
    cell: JobSummary | None
    score: float | None

    @property
    def ended(self) -> bool:
        """Whether it has used its place in the budget."""
        cell = self.cell
        if cell is None:
            return False
        return self.score is not None or (cell.state is State.FAILED and cell.last_outcome in SPENT)

    @property
    def failed(self) -> bool:
        """Whether it has, without a score."""
        return self.ended and self.score is None


@dataclass(frozen=True)
class Searched:
    """One method on one model, task and condition, in one repetition of a study.

    Attributes:
        study: whose.
        method: its label, as the study declares it.
        repeat: of the repetition.
        start: the job of draw 0, the default recipe.
        metric: what is searched for.
        tried: its trials in the order of their numbers.
    """

    study: Study
    method: str
    repeat: int
    start: JobSummary
    metric: str
    tried: tuple[Tried, ...]

    @property
    def missing(self) -> tuple[Tried, ...]:
        """The trials that have not ended."""
        return tuple(one for one in self.tried if not one.ended)

    @property
    def chosen(self) -> Tried | None:
        """The best trial, of equal ones the lowest draw; None before all have ended, and where all failed."""
        scored = [(one.score, -one.draw, one) for one in self.tried if one.score is not None]
        return max(scored, key=lambda found: found[:2])[2] if scored and not self.missing else None

    @property
    def where(self) -> str:
        """In words: ``bidrop on tiny, toy-accept (study 2)``."""
        change = "".join(f", {one.spoken}" for one in self.start.perturbation.changes)
        times = f" (study {self.repeat})" if self.study.repeats > 1 else ""
        return f"{self.method} on {self.start.model}, {self.start.task}{change}{times}"


def searches(database: Database) -> list[Searched]:
    """The searches of all studies, in the order in which they were declared."""
    studies = database.studies.list()
    if not studies:
        return []
    cells = {cell.digest: cell for cell in database.results.trials()}
    values = [one for one in database.results.values() if one.digest in cells and one.evaluation == HELD_OUT]
    tried = list(cells.values())
    shown = reported((cell.task for cell in tried), tried, values, own_tasks(database, tried))
    metrics = {name: task.metric for name, task in shown.items()}
    found = {one.digest: one.value for one in values if one.metric == metrics[cells[one.digest].task]}
    return [search for study in studies for search in _of(study, cells, found, metrics)]


_Cell = tuple[str, str, str, str, Perturbation]


def _of(
    study: Study, cells: Mapping[str, JobSummary], scores: Mapping[str, float], metrics: Mapping[str, str]
) -> list[Searched]:
    grouped: dict[tuple[str, int, _Cell], list[Tried]] = {}
    starts: dict[tuple[str, int, _Cell], JobSummary] = {}
    gone: dict[tuple[str, int], list[Tried]] = {}
    for trial in study.trials:
        cell = cells.get(trial.digest)
        if cell is None:
            lost = Tried(trial.draw, trial.digest, None, None)
            gone.setdefault((trial.method, trial.repeat), []).append(lost)
            continue
        axes = cell.model, cell.model_revision, cell.task, cell.data_revision, cell.perturbation
        key = trial.method, trial.repeat, axes
        score = scores.get(trial.digest) if cell.scored else None
        grouped.setdefault(key, []).append(Tried(trial.draw, trial.digest, cell, score))
        if trial.draw == 0:
            starts[key] = cell
    return [
        Searched(
            study,
            method,
            repeat,
            starts[method, repeat, axes],
            metrics[axes[2]],
            tuple(sorted((*tried, *gone.get((method, repeat), ())), key=lambda one: one.draw)),
        )
        for (method, repeat, axes), tried in grouped.items()
        if (method, repeat, axes) in starts
    ]
