"""Plan: a grid of resolved axes, the jobs it stands for, and the cells that are left out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ftbench.domain.cards import CARDS
from ftbench.domain.hparams import Value
from ftbench.domain.job import Job
from ftbench.domain.model import ModelRef, ModelSpec
from ftbench.domain.own_task import CARD, ROWS, task_document
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.places import DATA, MODEL, UNRESOLVED
from ftbench.domain.recipe import Recipe, layered
from ftbench.domain.suited import suited, too_short
from ftbench.domain.target import RETENTION, held_out_count
from ftbench.domain.task import DataRef, TaskSpec
from ftbench.errors import BadValue


@dataclass(frozen=True)
class GridModel:
    """A model, found.

    Attributes:
        ref: which weights.
        spec: what it is.
        recipe: the recipe settings that it brings to a task.
        note: what is to be told of it; "" for nothing.
        unknown: whether its files must be here before its jobs have their identity.
    """

    ref: ModelRef
    spec: ModelSpec
    recipe: Callable[[str], Mapping[str, Any]]
    note: str = ""
    unknown: bool = False


@dataclass(frozen=True)
class GridTask:
    """A task, where its rows are, and how many it has to train on (None where not known).

    Attributes:
        others: what of other tasks a model of this one is scored on, and where those rows are.
        refused: names of others that it cannot be scored on -> why.
    """

    spec: TaskSpec
    data: DataRef
    rows: int | None = None
    others: Mapping[str, DataRef] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GridMethod:
    """A method with hyper-parameters.

    Attributes:
        name: its name, aliases resolved.
        label: how tables name it.
        hparams: every hyper-parameter, explicit.
        recipe: the recipe settings that it brings.
        unsupported: why it cannot run on a model and task, or None.
        plugin: the file it comes from, where it is the user's own.
    """

    name: str
    label: str
    hparams: Mapping[str, Value]
    recipe: Mapping[str, Any]
    unsupported: Callable[[ModelSpec, TaskSpec], str | None]
    plugin: str | None = None


def _suits(task: TaskSpec, rows: int | None) -> tuple[str, str] | None:
    return None


@dataclass(frozen=True)
class GridPerturbation:
    """A change to the data of a grid's jobs.

    Attributes:
        perturbation: what is done.
        refused: which part of it a task does not take and why, or None; of a task and its training rows.
        files: name -> the file it comes from, of those that are the user's own.
    """

    perturbation: Perturbation = Perturbation()
    refused: Callable[[TaskSpec, int | None], tuple[str, str] | None] = _suits
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Grid:
    """Axes that are crossed; ``settings`` are the recipe settings that win over all others, by recipe.

    Jobs of a tuning are scored on a part of their training rows alone: ``held_out`` says how. Where
    ``retention``, it is measured of others, too, what is left of the pretrained model.
    """

    models: tuple[GridModel, ...]
    tasks: tuple[GridTask, ...]
    methods: tuple[GridMethod, ...]
    seeds: tuple[int, ...]
    perturbations: tuple[GridPerturbation, ...] = (GridPerturbation(),)
    settings: tuple[Mapping[str, Any], ...] = ({},)
    held_out: tuple[str, ...] = ()
    retention: bool = False


@dataclass(frozen=True)
class Planned:
    """A job of the plan, with what is not part of its identity."""

    job: Job
    digest: str
    label: str
    places: Mapping[str, Any]

    def with_seed(self, seed: int) -> Planned:
        """The same cell with another seed."""
        job = self.job.with_seed(seed)
        return Planned(job, job.digest, self.label, self.places)


@dataclass(frozen=True)
class LeftOut:
    """A cell that cannot be run, why, and how many jobs it would have been."""

    cell: str
    reason: str
    jobs: int


@dataclass(frozen=True)
class Plan:
    """The jobs of one or more grids, each once, the cells left out, and what else is to be told."""

    jobs: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()


def crossed(grids: Iterable[Grid]) -> Plan:
    """The jobs of grids, in the order in which they are to be run.

    Seeds are outermost inside a model: a table that is half done has every cell, with half the seeds.

    Raises:
        UnknownName: a recipe setting that does not exist.
        BadValue: a recipe setting out of range.
    """
    jobs: dict[str, Planned] = {}
    left_out: dict[tuple[str, str], int] = {}
    notes: dict[str, None] = {}
    for grid in grids:
        notes |= {model.note: None for model in grid.models if model.note}
        for planned in _jobs(grid, left_out, notes):
            jobs.setdefault(planned.digest, planned)
    left = tuple(LeftOut(c, r, n) for (c, r), n in left_out.items())
    return Plan(tuple(jobs.values()), left, tuple(notes))


def varied(plan: Plan, streams: Sequence[str], seeds: Sequence[int]) -> Plan:
    """The jobs of a plan, and each again with another seed for one random stream at a time.

    Args:
        plan: of one seed.
        streams: which streams, see ``STREAMS``.
        seeds: of the streams; a job's own seed gives the job itself.
    """
    jobs = {planned.digest: planned for planned in plan.jobs}
    for seed, planned, stream in itertools.product(seeds, plan.jobs, streams):
        if seed != planned.job.seed:
            job = replace(planned.job, streams={stream: seed})
            jobs[job.digest] = replace(planned, job=job, digest=job.digest)
    return replace(plan, jobs=tuple(jobs.values()))


def _jobs(grid: Grid, left_out: dict[tuple[str, str], int], notes: dict[str, None]) -> Iterator[Planned]:
    for model in grid.models:
        cells = [_planned(model, *cell, grid) for cell in _cells(model, grid, left_out, notes)]
        for seed in grid.seeds:
            for first in cells:
                yield first.with_seed(seed)


_FP16 = "precision=fp16 needs a CUDA GPU: a worker on a CPU refuses these jobs"


def _cells(
    model: GridModel, grid: Grid, left_out: dict[tuple[str, str], int], notes: dict[str, None]
) -> Iterator[tuple[GridTask, GridMethod, GridPerturbation, Recipe]]:
    """The cells of one model; those that cannot be run are counted in ``left_out``.

    Recipes are those that the model can follow; what that changed is told in ``notes``.
    """
    for task in grid.tasks:
        for name, reason in task.refused.items():
            left_out[f"{task.spec.name} scored on {name}", reason] = 0
        brought = model.recipe(task.spec.name)
        by_hand = itertools.product(grid.settings, grid.methods)
        methods = [(method, layered(brought, method.recipe, settings)) for settings, method in by_hand]
        for change, (method, recipe) in itertools.product(grid.perturbations, methods):
            refused = change.refused(task.spec, task.rows)
            fitting = suited(recipe, model.spec, task.spec, method.hparams)
            few = _too_few(task, change.perturbation) if grid.held_out else ""
            if refused is not None:
                cell, reason = f"{task.spec.name} with {refused[0]}", refused[1]
            elif few:
                cell, reason = task.spec.name, few
            else:
                cell = f"{method.label} on {model.ref.id}, {task.spec.name}"
                reason = method.unsupported(model.spec, task.spec) or fitting.refused
                updates = _updates(task, change.perturbation, fitting.recipe, bool(grid.held_out))
                reason = reason or too_short(updates, method.hparams)
            if reason:
                left_out[cell, reason] = left_out.get((cell, reason), 0) + len(grid.seeds)
            else:
                notes |= {fitting.note: None} if fitting.note else {}
                notes |= {_FP16: None} if fitting.recipe.precision == "fp16" else {}
                yield task, method, change, fitting.recipe


def _updates(task: GridTask, change: Perturbation, recipe: Recipe, held_out: bool) -> int | None:
    """How many updates a job makes; None where that is not known before its rows are changed."""
    if recipe.steps is not None:
        return recipe.steps
    if task.rows is None or change.condition.changes:
        return None
    rows = change.train_size or task.rows
    return recipe.total_steps(rows - held_out_count(rows) if held_out else rows)


def _too_few(task: GridTask, change: Perturbation) -> str:
    """Why no part of a task's training rows can be held out, as far as their number is known; or ""."""
    rows = change.train_size or task.rows or task.spec.train_rows
    if rows is None:
        return ""
    try:
        held_out_count(rows)
    except BadValue as error:
        return str(error)
    return ""


def _planned(
    model: GridModel,
    task: GridTask,
    method: GridMethod,
    change: GridPerturbation,
    recipe: Recipe,
    grid: Grid,
) -> Planned:
    """The job of a cell whose seed is 0; the others share all but their seeds with it."""
    others, held_out = task.others, grid.held_out
    scored = (*(rows.name for rows in task.spec.evaluation), *others, *([RETENTION] * grid.retention))
    job = Job(
        model=model.ref.id,
        model_revision=model.ref.revision,
        task=task.spec.name,
        data_revision=task.data.revision,
        evaluation=held_out or scored,
        method=method.name,
        hparams=method.hparams,
        seed=0,
        perturbation=change.perturbation,
        recipe=recipe,
        others={} if held_out else {name: data.revision for name, data in others.items()},
    )
    own = task.spec.own is not None
    folders = [data.path for data in (*([] if own else [task.data]), *others.values()) if data.path]
    places: dict[str, Any] = {
        "model": model.ref.path,
        "data": folders[0] if folders else None,
        "plugins": [method.plugin] if method.plugin else [],
    }
    if own:
        places |= {ROWS: task.data.path, CARDS: {CARD: task_document(task.spec)}}
    if change.files:
        places["perturbations"] = dict(change.files)
    waits = [MODEL] if model.unknown else []
    waits += [DATA] if any(not data.revision for data in (task.data, *others.values())) else []
    if waits:
        places[UNRESOLVED] = waits
    return Planned(job, job.digest, method.label, places)
