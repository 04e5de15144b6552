"""Searches: what came of the trials of a database's studies, and what each method's values are by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ftbench.db import Database, JobSummary
from ftbench.db.rows import Document
from ftbench.domain import hparams
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe
from ftbench.domain.result import Outcome, State
from ftbench.domain.study import TPE, Study
from ftbench.domain.target import HELD_OUT, HELD_OUT_BEST
from ftbench.services.scores.jobs import reported
from ftbench.services.scores.stale import Codes, codes_of, one_code

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
        length: where the score is of the end of an epoch: the epochs or steps that end there.
    """

    draw: int
    digest: str
    cell: JobSummary | None
    score: float | None
    length: float | None = None

    def shortened(self, recipe: Recipe) -> Recipe:
        """Its recipe with the length that its score is of; warm-up in steps keeps its share."""
        if self.length is None:
            return recipe
        if recipe.steps is not None:
            share = self.length / recipe.steps
            shorter = replace(recipe, steps=max(1, round(self.length)))
        else:
            share = self.length / (recipe.epochs or self.length)
            shorter = replace(recipe, epochs=self.length)
        if recipe.warmup_steps is None:
            return shorter
        return replace(shorter, warmup_steps=round(recipe.warmup_steps * share))

    @property
    def run(self) -> JobSummary | None:
        """Its job as reporting runs are trained: as long as what its score is of."""
        if self.cell is None or self.length is None:
            return self.cell
        recipe = self.shortened(hparams.parse(Recipe, self.cell.recipe, kind="recipe setting"))
        return self.cell._replace(recipe=Document(hparams.normalise(recipe.canonical())))

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
    def undrawn(self) -> int:
        """The trials that are not drawn yet: those of later rounds, which hang on the results of this one."""
        if self.study.sampler != TPE:
            return 0
        return max(0, int(self.study.declared["budget"]) - len(self.tried))

    @property
    def chosen(self) -> Tried | None:
        """The best trial, of equal ones the lowest draw; None before all have ended, and where all failed."""
        scored = [(one.score, -one.draw, one) for one in self.tried if one.score is not None]
        over = not self.missing and not self.undrawn
        return max(scored, key=lambda found: found[:2])[2] if scored and over else None

    @property
    def where(self) -> str:
        """In words: ``bidrop on tiny, toy-accept (study 2)``."""
        change = "".join(f", {one.spoken}" for one in self.start.perturbation.changes)
        times = f" (study {self.repeat})" if self.study.repeats > 1 else ""
        return f"{self.method} on {self.start.model}, {self.start.task}{change}{times}"


def searches(database: Database) -> list[Searched]:
    """The searches of all studies, in the order in which they were declared.

    Trials of a method that were trained with other code than the rest of its study have no score until they
    are run again: a choice among them would compare code.
    """
    studies = database.studies.list()
    if not studies:
        return []
    cells = {cell.digest: cell for cell in database.results.trials()}
    codes = codes_of(database, cells.values())
    values = [one for one in database.results.values() if one.digest in cells]
    last = [one for one in values if one.evaluation == HELD_OUT]
    shown = reported((c.task for c in cells.values()), cells.values(), last)
    metrics = {name: one.metric for name, one in shown.items()}
    scores: dict[str, _Scores] = {HELD_OUT: {}, HELD_OUT_BEST: {}}
    for one in values:
        if one.evaluation in scores:
            scores[one.evaluation].setdefault(one.digest, {})[one.metric] = one.value
    return [s for study in studies for s in _of(study, cells, scores[study.scored_on[-1]], metrics, codes)]


_Cell = tuple[str, str, str, str, Perturbation]
_Scores = dict[str, dict[str, float]]  # job -> metric -> value


def _of(
    study: Study, cells: Mapping[str, JobSummary], scores: _Scores, metrics: Mapping[str, str], codes: Codes
) -> list[Searched]:
    mine = [cells[trial.digest] for trial in study.trials if trial.digest in cells]
    cells = {cell.digest: cell for cell in one_code(mine, codes)}
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
        found = scores.get(trial.digest, {}) if cell.scored else {}
        length = found.get("epochs" if cell.recipe.get("steps") is None else "steps", 0.0)
        score = found.get(metrics[cell.task])
        tried = Tried(trial.draw, trial.digest, cell, score, length if length > 0 else None)
        grouped.setdefault(key, []).append(tried)
        if trial.draw == 0:
            starts[key] = cell
    return [
        Searched(
            study,
            method,
            repeat,
            starts[method, repeat, axes],
            metrics[axes[2]],
            tuple(sorted((*made, *gone.get((method, repeat), ())), key=lambda one: one.draw)),
        )
        for (method, repeat, axes), made in grouped.items()
        if (method, repeat, axes) in starts
    ]
