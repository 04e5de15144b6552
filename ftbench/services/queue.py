"""Queue: from flags as users write them to a plan of jobs, and from a plan to the database."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftbench import methods, models, suites, tasks
from ftbench.domain import axes, hparams, job, plan
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe
from ftbench.domain.target import Target, task_of
from ftbench.domain.task import DataRef, TaskSpec
from ftbench.errors import BadValue, UnknownName, UsageError
from ftbench.methods import _registry
from ftbench.settings import data_dir, offline
from ftbench.tasks import sources
from ftbench.tasks.nli import label_map

if TYPE_CHECKING:
    from ftbench.db import Added

DEFAULT_SEEDS = "5"
DEFAULT_MODEL = "bert-base"
DEFAULT_TOY_MODEL = "tiny"
BASELINE = "vanilla"


@dataclass(frozen=True)
class Request:
    """What was asked for: the flags' texts, None where a flag was not given."""

    methods: str | None = None
    tasks: str | None = None
    models: str | None = None
    seeds: str | None = None
    noise: str | None = None
    reduction: str | None = None
    train_size: str | None = None
    evaluate: str | None = None
    settings: tuple[str, ...] = ()
    suite: str | None = None
    variant: str = "paper"
    baseline: bool = True
    data_dir: str | None = None


def make_plan(request: Request) -> plan.Plan:
    """Resolve every name and value of a request and cross its axes; nothing is written.

    Raises:
        UsageError: something that does not exist, a value out of range, or a grid of which nothing is left.
        FtbenchError: data, a model or a plug-in that cannot be found or used.
    """
    _check_settings(request)
    requests = _with_suite(request)
    parsed = [_Axes.of(r) for r in requests]  # what needs no file and no network first
    chosen = [_methods(r) for r in requests]
    find = _Finder(data_dir(request.data_dir))
    grids = [g for one, these in zip(parsed, chosen, strict=True) for g in _grids(one, these, find)]
    whole = plan.expand(grids)
    if not whole.jobs:
        first, *others = whole.left_out
        more = f"; and {len(others)} more such cells" if others else ""
        raise UsageError(f"nothing is left to queue: {first.cell}: {first.reason}{more}")
    return whole


def add(whole: plan.Plan, address: str, priority: int = 0) -> Added:
    """Write the jobs of a plan to the database, which is made where it does not exist."""
    from ftbench.db import Entry, create_database
    from ftbench.services import published

    entries = [Entry(p.job, p.label, priority, p.places) for p in whole.jobs]
    with create_database(address) as database:
        published.fill(database)
        return database.jobs.add(entries)


@dataclass(frozen=True)
class _Axes:
    """The parsed axes of one grid; the models are None where each task takes its default."""

    models: tuple[str, ...] | None
    tasks: tuple[TaskSpec, ...]
    seeds: tuple[int, ...]
    perturbations: tuple[Perturbation, ...]
    settings: dict[str, str]
    targets: tuple[Target, ...] = ()

    @classmethod
    def of(cls, request: Request) -> _Axes:
        if not axes.names(request.tasks or ""):
            raise BadValue("no tasks: give --tasks (ftbench tasks lists them) or --suite")
        if request.models is not None and not axes.names(request.models):
            raise BadValue("no models: give --models a name, or leave it out for the default")
        return cls(
            models=axes.names(request.models) if request.models else None,
            tasks=tuple(tasks.expand(list(axes.names(request.tasks or "")))),
            seeds=axes.seeds(DEFAULT_SEEDS if request.seeds is None else request.seeds),
            perturbations=plan.perturbed(
                axes.train_sizes("full" if request.train_size is None else request.train_size),
                axes.ratios("0" if request.reduction is None else request.reduction, "reduction"),
                axes.ratios("0" if request.noise is None else request.noise, "noise"),
            ),
            settings=axes.settings(request.settings),
            targets=tuple(
                Target.asked(text, tasks.find(task_of(text))) for text in axes.names(request.evaluate or "")
            ),
        )


def _with_suite(request: Request) -> list[Request]:
    """One request per grid: the suite's axes, under those that were given."""
    if request.suite is None:
        return [request]
    given = {f.name for f in fields(request) if getattr(request, f.name) is not None}
    requests = []
    for grid in suites.find(request.suite).axes:
        missing: dict[str, Any] = {k: v for k, v in grid.items() if k not in given}
        requests.append(replace(request, **missing))
    return requests


def _check_settings(request: Request) -> None:
    """Refuse an unknown recipe setting before anything is looked for; values are checked with the grid."""
    known = [spec.name for spec in hparams.describe(Recipe)]
    for name in axes.settings(request.settings):
        if name not in known:
            raise UnknownName("recipe setting", name, known)


def _methods(request: Request) -> tuple[plan.GridMethod, ...]:
    choices = axes.methods(request.methods or "")
    found = [_method(choice, request.variant) for choice in choices]
    if request.baseline and all(m.name != BASELINE for m in found):
        found.insert(0, _method(axes.MethodChoice(BASELINE, {}), request.variant))
    if not found:
        raise BadValue("no methods: give --methods (ftbench methods lists them), or leave out --no-baseline")
    return tuple(found)


def _method(choice: axes.MethodChoice, variant: str) -> plan.GridMethod:
    cls = methods.find(choice.name)
    name = cls.name()
    resolved = cls.resolve(choice.given, variant)
    values = hparams.as_dict(resolved)
    return plan.GridMethod(
        name=name,
        label=job.label(name, values, cls.defaults(), hparams.as_dict(cls.resolve({}, "published"))),
        hparams=values,
        recipe=cls.recipe_defaults(choice.given.get("variant", variant)),
        unsupported=cls(resolved).unsupported,
        plugin=str(Path(choice.name).expanduser().resolve()) if _registry.is_file(choice.name) else None,
    )


class _Finder:
    """Finds models and data, each once for all grids of a request."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._models: dict[str, plan.GridModel] = {}
        self._tasks: dict[str, plan.GridTask] = {}
        self._others: dict[str, DataRef] = {}

    def model(self, text: str) -> plan.GridModel:
        if text not in self._models:
            spec, ref = models.resolve(text)
            if ref.path is None and offline():
                models.locate(ref)  # nothing will be downloaded: say now what is missing
            self._models[text] = plan.GridModel(ref, spec, partial(models.recipe, spec))
        return self._models[text]

    def task(self, spec: TaskSpec) -> plan.GridTask:
        if spec.name not in self._tasks:
            data = sources.locate(spec, self._folder)
            self._tasks[spec.name] = plan.GridTask(spec, data, _check_rows(spec, data))
        return self._tasks[spec.name]

    def scored_on(self, spec: TaskSpec, targets: tuple[Target, ...]) -> plan.GridTask:
        """A task whose models are scored on other tasks, too; what is its own is scored anyway."""
        others: dict[str, DataRef] = {}
        refused: dict[str, str] = {}
        for target in targets:
            if target.task == spec.name:
                continue
            other = tasks.find(target.task)
            if not target.probe and label_map(spec, other) is None:
                refused[target.name] = f"a model of {spec.title} does not predict the labels of {other.title}"
            else:
                others[target.name] = self._other(other, target)
        return replace(self.task(spec), others=others, refused=refused)

    def _other(self, spec: TaskSpec, target: Target) -> DataRef:
        if target.name not in self._others:
            needed = spec.with_sets(*target.sets(spec))
            data = sources.locate(needed, self._folder)
            _check_rows(needed, data)
            self._others[target.name] = data
        return self._others[target.name]


def _check_rows(spec: TaskSpec, data: DataRef) -> int | None:
    """Read the rows, so that a broken file is told now and not by each job; the number to train on.

    Raises:
        DataError: a file is truncated or malformed.
    """
    if data.source not in ("folder", "builtin"):
        return None  # what the hub's library wrote is whole, and reading it takes seconds
    for rows in spec.evaluation:
        sources.read(spec, rows.name, data)
    return len(sources.read(spec, spec.train.name, data).labels)


def _grids(given: _Axes, chosen: tuple[plan.GridMethod, ...], find: _Finder) -> list[plan.Grid]:
    """One grid, or one per default model where no model was given."""
    by_models: dict[tuple[str, ...], list[TaskSpec]] = {}
    for spec in given.tasks:
        default = (DEFAULT_TOY_MODEL if spec.builtin else DEFAULT_MODEL,)
        by_models.setdefault(given.models or default, []).append(spec)
    return [
        plan.Grid(
            models=tuple(find.model(name) for name in names),
            tasks=tuple(find.scored_on(spec, given.targets) for spec in specs),
            methods=chosen,
            seeds=given.seeds,
            perturbations=given.perturbations,
            settings=given.settings,
        )
        for names, specs in by_models.items()
    ]
