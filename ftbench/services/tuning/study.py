"""Study: declared at the first call, its trials queued; further calls add what is missing, no more."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ftbench import methods
from ftbench.db import Added, Database
from ftbench.domain import hparams, plan
from ftbench.domain.space import Space
from ftbench.domain.study import (
    AGAIN,
    FINAL,
    FIRST_SEED,
    FORM,
    SAMPLERS,
    SELECTED,
    SOBOL,
    TPE,
    TRIALS,
    UNITS,
    Study,
)
from ftbench.errors import BadValue, FtbenchError, UnknownName, UsageError
from ftbench.methods.base import PAPER
from ftbench.plugins import is_file
from ftbench.services.planning import commands, costs, lookup, queue
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.cards import carded
from ftbench.services.planning.queue import QueueRequest
from ftbench.services.tuning import rounds, tpe, trials
from ftbench.services.tuning.spaces import DEFAULT, Tuned, WrittenSpace, space_of
from ftbench.settings import data_dir

USUAL_NAME = "tuning"
MOST_STUDIES, MOST_TRIALS = 100, 1000
BATCH = 10


@dataclass(frozen=True)
class TuneRequest:
    """What is to be tuned.

    Attributes:
        asked: methods, tasks, models, settings that are not searched, and what is done to the data.
        name: of the study.
        budget: of each method on each model, task and condition, in each repetition.
        unit: what the budget counts.
        studies: repetitions, with other draws, heads and held-out rows.
        space: ``default``, ``paper``, or what a file says.
        each_condition: whether noisy data and the like have choices of their own.
        baseline: whether vanilla is tuned, too.
        folder: where the rows lie; None for the usual places.
        select: what of a trial counts: ``final``, or ``best-step``.
        sampler: ``sobol``, draws that all methods share; or ``tpe``, which learns from the trials before.
        batch: the trials of a round of ``tpe``; the first round's are those of ``sobol``.

    Raises:
        UsageError: a value out of its range, or an axis that a study does not have.
    """

    asked: Asked
    name: str = USUAL_NAME
    budget: float = 20.0
    unit: str = TRIALS
    studies: int = 3
    space: str | WrittenSpace = DEFAULT
    each_condition: bool = False
    baseline: bool = True
    folder: str | None = None
    select: str = FINAL
    sampler: str = SOBOL
    batch: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no study can be."""
        if self.unit not in UNITS:
            raise UnknownName("unit", self.unit, UNITS)
        if self.select not in SELECTED:
            raise UnknownName("select", self.select, SELECTED)
        self._refuse_rounds()
        if self.unit == TRIALS and not (1 <= self.budget <= MOST_TRIALS and self.budget % 1 == 0):
            raise BadValue(f"trials {self.budget:g}: give a whole number from 1 to {MOST_TRIALS}")
        if not self.budget > 0:
            raise BadValue(f"budget of {self.budget:g} {self.unit}: give more than 0")
        if not 1 <= self.studies <= MOST_STUDIES:
            raise BadValue(f"studies {self.studies}: give 1 to {MOST_STUDIES}")
        if not self.name.strip() or not self.name.isprintable():
            raise BadValue(f"name '{self.name}': give a word for the study")
        if self.asked.settings.axes:
            name = self.asked.settings.axes[0]
            raise BadValue(f"--set {name} has several values: search them in the space, --space FILE")
        noisy = [one for one in self.asked.perturb if one.perturber.name != "train_size"]
        if noisy and not self.each_condition:
            raise UsageError(
                f"{noisy[0].perturber.name}: runs on changed data take the choice made on clean data; "
                "to make one for each, give --tune-each-condition"
            )

    def _refuse_rounds(self) -> None:
        if self.sampler not in SAMPLERS:
            raise UnknownName("sampler", self.sampler, SAMPLERS)
        if self.sampler == TPE and self.unit != TRIALS:
            raise UsageError(f"--sampler tpe draws in rounds of trials: leave --unit {self.unit} out")
        if self.batch is not None and self.sampler != TPE:
            raise UsageError("--batch goes with --sampler tpe: other draws need no results")
        if self.batch is not None and not 1 <= self.batch <= MOST_TRIALS:
            raise BadValue(f"batch {self.batch}: give 1 to {MOST_TRIALS}")
        if self.sampler == TPE:
            tpe.check_installed()

    @property
    def words(self) -> list[str]:
        """What can be typed after ``ftbench`` for the same."""
        space = self.space if isinstance(self.space, str) else self.space.path
        given = {
            "--trials": f"{self.budget:g}",
            "--studies": str(self.studies),
            "--space": space if space != DEFAULT else "",
            "--select": self.select if self.select != FINAL else "",
            "--sampler": self.sampler,
            "--batch": str(self.batch or ""),
            "--name": self.name if self.name != USUAL_NAME else "",
            "--data-dir": self.folder or "",
        }
        flags = [word for flag, value in given.items() if value for word in (flag, value)]
        flags += ["--tune-each-condition"] * self.each_condition + ["--no-baseline"] * (not self.baseline)
        return ["tune", *commands.words_of(self.asked), *flags]


@dataclass(frozen=True)
class TuneCall:
    """What a call found and queued.

    Attributes:
        study: with its trials.
        new: whether it was declared by this call.
        jobs: its trials' jobs, and what is left out.
        seconds: that they take, one after another.
        added: what became of them; None of a dry run.
    """

    study: Study
    new: bool
    jobs: plan.Plan
    seconds: float
    added: Added | None = None


def tune(database: Database | None, request: TuneRequest, *, dry_run: bool = False) -> TuneCall:
    """Declare a study and queue its trials; where it is declared already, those that are not there.

    Args:
        database: open for writing, unless it is a dry run; None where there is none.
        request: what is to be tuned.
        dry_run: only say what would be queued.

    Raises:
        UsageError: a study that was declared otherwise, a space that cannot be searched, a budget too small.
        FtbenchError: data, a model or a plug-in that cannot be found or used.
    """
    found = lookup.Finder(data_dir(request.folder))
    known = database.jobs.durations() if database else {}
    wanted = QueueRequest(request.asked, baseline=request.baseline, data_dir=request.folder)
    grids = queue.grids_asked(wanted, (FIRST_SEED,), found)
    if found.missing:
        raise FtbenchError(f"{found.missing.words}; a study needs them here before it is declared")
    competing = _competitors(grids[0], request)
    settings = grids[0].settings[0]
    tuned = [
        Tuned(one.label, methods.find(one.choice.name), frozenset(one.choice.given)) for one in competing
    ]
    space = space_of(request.space, tuned, settings.keys())
    study = Study(request.name, _declared(request, grids, space.document(), settings))
    there = (
        next((one for one in database.studies.list() if one.name == study.name), None) if database else None
    )
    if there is not None and (changed := study.differs(there)):
        raise UsageError(
            f"study '{study.name}' was declared with {changed[0]} {_short(changed[2])}, not "
            f"{_short(changed[1])}: it cannot change; call another one by --name"
        )
    batch = (request.batch or BATCH) if request.sampler == TPE else None
    budget = trials.Budget(request.budget, request.unit, trials.price_in(request.unit, known), batch)
    if batch is not None:
        _refuse_few(request, space, competing)
    laid = trials.lay(grids, competing, space, request.studies, budget, there, study.scored_on)
    if not laid.jobs:
        first = laid.left_out[0]
        raise UsageError(f"nothing is left to tune: {first.cell}: {first.reason}")
    if there is not None and batch is None and (lost := len(there.trials) - len(laid.trials)):
        raise UsageError(
            f"study '{study.name}' has {lost} trials that this version does not draw any more: they stay as "
            "they are; call another study by --name"
        )
    study = there or study.with_trials(laid.trials)
    if batch is not None and there is not None and database is not None:
        new = rounds.next_round(database, there, grids, competing, space)
        laid = replace(laid, trials=laid.trials + new.trials, jobs=laid.jobs + new.jobs)
        study = study.with_trials(laid.trials if dry_run else there.trials + new.trials)
    whole = carded(plan.Plan(laid.jobs, laid.left_out))
    call = TuneCall(study, there is None, whole, costs.estimate_plan(whole, known).seconds)
    if dry_run or database is None:
        return call
    database.studies.record(study)
    call = replace(call, added=queue.put_jobs(database, whole))
    if there is not None and (new_trials := study.trials[len(there.trials) :]):
        # After its jobs: who is interrupted between the two draws the same again.
        database.studies.extend(there, list(new_trials))
    return call


def _refuse_few(request: TuneRequest, space: Space, competing: Sequence[trials.Competitor]) -> None:
    """Refuse a space that has not enough draws: a round that cannot be filled would never end the study.

    Raises:
        UsageError: it is one.
    """
    wanted = int(request.budget) + 1  # one may be the default recipe
    for one in competing:
        there = sum(1 for _ in itertools.islice(trials.different(space, one.label, FIRST_SEED), wanted))
        if there < wanted:
            raise UsageError(
                f"the space has {there} draws of {one.label}: --sampler tpe with --trials "
                f"{request.budget:g} needs more than these; use --sampler sobol"
            )


def _competitors(grid: plan.Grid, request: TuneRequest) -> list[trials.Competitor]:
    """The methods of a grid, each with the choice that it was asked for by."""
    variant = request.asked.variant or PAPER
    choices = queue.choices(QueueRequest(request.asked, baseline=request.baseline))
    return [
        trials.Competitor(choice, variant, method.label)
        for choice, method in zip(choices, grid.methods, strict=True)
    ]


def _declared(
    request: TuneRequest, grids: Sequence[plan.Grid], space: dict[str, Any], settings: Any
) -> dict[str, Any]:
    """What a study is about, as JSON values."""
    asked = request.asked
    found: dict[str, Any] = hparams.normalise(
        {
            "form": FORM,
            "methods": sorted({method.label for grid in grids for method in grid.methods}),
            "files": sorted(c.name.rpartition("/")[2] for c in asked.methods or () if is_file(c.name)),
            "models": sorted({f"{m.ref.id}@{m.ref.revision}" for grid in grids for m in grid.models}),
            "tasks": sorted({f"{t.spec.name}@{t.data.revision}" for grid in grids for t in grid.tasks}),
            "conditions": sorted(
                {str(one.perturbation.canonical()) for grid in grids for one in grid.perturbations}
            ),
            "settings": dict(settings),
            "variant": asked.variant or PAPER,
            "budget": request.budget,
            "unit": request.unit,
            "studies": request.studies,
            "space": space,
            "each_condition": request.each_condition,
            "sampler": request.sampler,
            "seed": FIRST_SEED,
            **({"select": request.select} if request.select != FINAL else {}),
            **({"batch": request.batch or BATCH, AGAIN: request.words} if request.sampler == TPE else {}),
        }
    )
    return found


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 100 else text[:100] + "…"
