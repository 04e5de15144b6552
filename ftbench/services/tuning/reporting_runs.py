"""Reporting runs: each method with its own chosen values, on all training rows and the reported split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ftbench import methods, tasks
from ftbench.db import Database, JobFilter, JobRow
from ftbench.domain import plan
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import State
from ftbench.domain.study import FIRST_SEED, Study
from ftbench.errors import BadValue, FtbenchError, UnknownName, UsageError
from ftbench.perturbations import combined, files_named, grid_of
from ftbench.services.planning import commands
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.declaring import declare_command
from ftbench.services.scores.choices import Choices
from ftbench.services.scores.searches import Searched
from ftbench.services.scores.selection import is_of
from ftbench.services.scores.stale import codes_of
from ftbench.services.tuning import going_on

LISTED = 3


@dataclass(frozen=True)
class TunedRequest:
    """Which reporting runs are to be queued.

    Attributes:
        asked: methods, tasks and models of the study that are meant, None for all; seeds, and what is done to
            the data.
        study: its name; "" for the only one.
        seeds: of the runs.
    """

    asked: Asked
    study: str = ""
    seeds: tuple[int, ...] = tuple(range(5))

    def __post_init__(self) -> None:
        """Refuse what a choice settles already.

        Raises:
            UsageError: a recipe setting or a variant; seeds that trials have.
        """
        if self.asked.settings.given or self.asked.variant:
            raise UsageError("--tuned takes the values that the study chose: leave --set and --variant out")
        if max(self.seeds) >= FIRST_SEED:
            raise BadValue(f"seeds: those from {FIRST_SEED} are trials'; give seeds below")


def tuned_plan(database: Database, request: TunedRequest) -> plan.Plan:
    """The reporting runs of a study: seeds outermost, each with the choice that is its turn's.

    Raises:
        UnknownName: there is no such study, or it is not about a method, task or model that was asked for.
        FtbenchError: trials have not ended; says which and what to do.
    """
    study = study_named(database, request.study)
    found = [one for one in Choices.of(database).found if one.study.name == study.name]
    found = _asked(found, request.asked)
    _refuse_unfinished(database, study, found)
    rows = _rows(database, found)
    jobs: dict[str, plan.Planned] = {}
    left: dict[tuple[str, str], int] = {}
    for seed in request.seeds:
        for search in found:
            if search.repeat == study.repeat_of(seed):
                for planned in _runs(search, rows, request, seed, left):
                    jobs.setdefault(planned.digest, planned)
    left_out = tuple(plan.LeftOut(cell, reason, count) for (cell, reason), count in left.items())
    if not jobs:
        raise UsageError(f"nothing is left to queue: {left_out[0].cell}: {left_out[0].reason}")
    return plan.Plan(tuple(jobs.values()), left_out, (study.said(),))


def study_named(database: Database, name: str) -> Study:
    """A study by its name, or the only one.

    Raises:
        UnknownName: there is none of the name.
        UsageError: none was named, and there is none, or several.
    """
    studies = {one.name: one for one in database.studies.list()}
    if name and name not in studies:
        raise UnknownName("study", name, studies)
    if not studies:
        example = declare_command(database.address)
        raise UsageError(f"no study is declared; declare one with: {example}")
    if not name and len(studies) > 1:
        raise UsageError(f"several studies are declared: name one by --study: {', '.join(studies)}")
    return studies[name] if name else next(iter(studies.values()))


def _asked(found: Sequence[Searched], asked: Asked) -> list[Searched]:
    """The searches that the flags mean."""
    names = {spec.name for spec in tasks.expand(asked.tasks)} if asked.tasks else set()
    kept = [
        one
        for one in found
        if (not asked.tasks or one.start.task in names)
        and (not asked.models or one.start.model in asked.models)
        and (not asked.methods or any(is_of(one.start, choice) for choice in asked.methods))
    ]
    labels = {one.method: one for one in found}
    for choice in asked.methods or ():
        if not any(is_of(one.start, choice) for one in found):
            raise UnknownName("method of the study", methods.canonical(choice.text), labels)
    if not kept:
        raise UsageError("the study has no such runs: leave --methods, --tasks and --models out for all")
    return kept


def _refuse_unfinished(database: Database, study: Study, found: Sequence[Searched]) -> None:
    address = database.address
    missing = [one for search in found for one in search.missing]
    if missing:
        waiting = [search for search in found if search.missing]
        listed = "; ".join(
            f"{one.where}: draw {', '.join(str(t.draw) for t in one.missing)}" for one in waiting[:LISTED]
        )
        more = f"; and of {len(waiting) - LISTED} more searches" if len(waiting) > LISTED else ""
        cells = [one.cell for one in missing if one.cell is not None]
        stale = sorted({cell.method for cell in cells if cell.aside})
        again = []
        if stale:
            files = codes_of(database, cells).own.files
            again.append(commands.retry_command(stale, files, address))
        if any(cell.state in (State.FAILED, State.CANCELLED) for cell in cells):
            again.append(commands.example("retry", "--state", "failed,cancelled", address=address))
        how = ", then ".join([*again, commands.worker_command(address)])
        other = "; some were trained with other code than the rest" if stale else ""
        raise FtbenchError(
            f"study {study.name} is not finished: {len(missing)} of its trials have not ended "
            f"({listed}{more}{other}); run them with: {how}"
        )
    if undrawn := sum(search.undrawn for search in found):
        raise FtbenchError(
            f"study {study.name} is not finished: {undrawn} of its trials are not drawn yet; draw the next "
            f"with: {going_on.again(database, study)}"
        )
    for search in found:
        if search.chosen is None:
            raise FtbenchError(f"every trial of {search.where} failed: there is nothing to choose from")


def _rows(database: Database, found: Sequence[Searched]) -> dict[str, JobRow]:
    chosen = {one.chosen.digest for one in found if one.chosen is not None}
    return {row.digest: row for row in database.jobs.list(JobFilter(digests=tuple(chosen)))}


def _runs(
    search: Searched,
    rows: dict[str, JobRow],
    request: TunedRequest,
    seed: int,
    left: dict[tuple[str, str], int],
) -> Iterator[plan.Planned]:
    """The runs of a choice with one seed, on each change to the data that was asked for."""
    assert search.chosen is not None
    row = rows[search.chosen.digest]
    trial, task = Job.from_canonical(row.spec), tasks.find(search.start.task)
    recipe = search.chosen.shortened(trial.recipe)
    for change in _changes(search, request.asked):
        files = files_named(request.asked.perturb)
        grid = grid_of(change, files)
        refused = grid.refused(task, task.train_rows)
        if refused is not None:
            at = f"{task.name} with {refused[0]}", refused[1]
            left[at] = left.get(at, 0) + 1
            continue
        names = tuple(rows.name for rows in task.evaluation)
        job = replace(trial, seed=seed, evaluation=names, perturbation=change, recipe=recipe)
        places = {**row.places, **({"perturbations": dict(grid.files)} if grid.files else {})}
        yield plan.Planned(job, job.digest, row.label, places)


def _changes(search: Searched, asked: Asked) -> Iterator[Perturbation]:
    """What is done to the data of a search's runs: on the training rows that it was made on."""
    own = search.start.perturbation
    if search.study.each_condition:
        yield own
        return
    for one in combined(asked.perturb, own) if asked.perturb else (own,):
        if one.train_size == own.train_size:
            yield one
