"""Queue: from flags as users write them to a plan of jobs, and from a plan to the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ftbench import tasks
from ftbench.domain import axes, hparams, plan
from ftbench.domain.axes import Asked
from ftbench.domain.job import STREAMS
from ftbench.domain.recipe import Recipe
from ftbench.domain.target import Target, task_of
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue, UnknownName, UsageError
from ftbench.methods.base import BASELINE, PAPER
from ftbench.perturbations import asked, combined, files_named, grid_of
from ftbench.services.planning import lookup
from ftbench.services.worker.settling import settle
from ftbench.settings import data_dir

if TYPE_CHECKING:
    from ftbench.db import Added, Database

DEFAULT_SEEDS = "5"
DEFAULT_MODEL = "bert-base"
DEFAULT_TOY_MODEL = "tiny"
MAX_PRIORITY = 1_000_000


@dataclass(frozen=True)
class QueueRequest(Asked):
    """What is to be queued: the flags' texts, None where a flag was not given."""

    evaluate: str | None = None
    suite: str | None = None
    baseline: bool = True
    data_dir: str | None = None
    vary: str | None = None


def make_plan(request: QueueRequest) -> plan.Plan:
    """Resolve every name and value of a request and cross its axes; nothing is written.

    Raises:
        UsageError: something that does not exist, a value out of range, or a grid of which nothing is left.
        FtbenchError: data, a model or a plug-in that cannot be found or used.
    """
    _check_settings(request)
    find = lookup.Finder(data_dir(request.data_dir))
    streams = _streams(request)
    if request.suite is not None:
        if request.evaluate is not None:
            raise UsageError("--evaluate: a suite has its own evaluation sets; leave one of the two out")
        from ftbench.services.planning import suite_plan

        whole = suite_plan.plan_suite(request.suite, request, find)
    else:
        parsed, chosen = _Axes.of(request), _methods(request)  # what needs no file and no network first
        once = replace(parsed, seeds=parsed.seeds[:1]) if streams else parsed
        whole = plan.crossed(_grids(once, chosen, find))
        whole = plan.varied(whole, streams, parsed.seeds) if streams else whole
    if not whole.jobs:
        first, *others = whole.left_out
        more = f"; and {len(others)} more such cells" if others else ""
        raise UsageError(f"nothing is left to queue: {first.cell}: {first.reason}{more}")
    if find.missing:
        told = f"{find.missing.words}; the jobs wait in the queue until then"
        whole = replace(whole, notes=(*whole.notes, told))
    return whole


def add(whole: plan.Plan, address: str, priority: int = 0) -> Added:
    """Write the jobs of a plan to the database, which is made where it does not exist.

    Raises:
        BadValue: a priority beyond what any database holds.
        DatabaseError: the database cannot be written.
    """
    from ftbench.db import create_database

    if abs(priority) > MAX_PRIORITY:
        raise BadValue(f"priority {priority}: give a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}")
    with create_database(address) as database:
        return put_jobs(database, whole, priority)


def put_jobs(database: Database, whole: plan.Plan, priority: int = 0) -> Added:
    """Write the jobs of a plan to a database that is open for writing."""
    from ftbench.db import Entry
    from ftbench.services.database import fill_published

    fill_published(database)
    settle(
        database, _folder(whole)
    )  # else a job that waits for its identity would be queued under it once more
    return database.jobs.add([Entry(p.job, p.label, priority, p.places) for p in whole.jobs])


def _folder(whole: plan.Plan) -> Path | None:
    """The folder that the rows of a plan come from, by its flag or its variable; None for the hub's."""
    given = (p.places["data"] for p in whole.jobs if p.job.data_revision.startswith("sha256:"))
    found = next(given, None)
    return Path(str(found)) if found else data_dir()


@dataclass(frozen=True)
class _Axes:
    """The parsed axes of one grid; the models are None where each task takes its default."""

    models: tuple[str, ...] | None
    tasks: tuple[TaskSpec, ...]
    seeds: tuple[int, ...]
    perturbations: tuple[plan.GridPerturbation, ...]
    settings: dict[str, str]
    targets: tuple[Target, ...] = ()

    @classmethod
    def of(cls, request: QueueRequest) -> _Axes:
        if not axes.split_names(request.tasks or ""):
            raise BadValue("no tasks: give --tasks (ftbench tasks lists them) or --suite")
        if request.models is not None and not axes.split_names(request.models):
            raise BadValue("no models: give --models a name, or leave it out for the default")
        choices = [asked(text) for text in request.perturb]
        return cls(
            models=axes.split_names(request.models) if request.models else None,
            tasks=tuple(tasks.expand(list(axes.split_names(request.tasks or "")))),
            seeds=axes.seeds(DEFAULT_SEEDS if request.seeds is None else request.seeds),
            perturbations=tuple(grid_of(one, files_named(choices)) for one in combined(choices)),
            settings=axes.recipe_settings(request.settings),
            targets=tuple(
                Target.asked(text, tasks.find(task_of(text)))
                for text in axes.split_names(request.evaluate or "")
            ),
        )


def _check_settings(request: QueueRequest) -> None:
    """Refuse an unknown recipe setting before anything is looked for; values are checked with the grid."""
    known = [spec.name for spec in hparams.describe(Recipe)]
    for name in axes.recipe_settings(request.settings):
        if name not in known:
            raise UnknownName("recipe setting", name, known)


def _streams(request: QueueRequest) -> tuple[str, ...]:
    """The random streams that are to be varied one at a time."""
    if request.vary is None:
        return ()
    found = axes.split_names(request.vary)
    if not found:
        raise BadValue(f"no streams: give --vary some of {', '.join(STREAMS)}")
    for name in found:
        if name not in STREAMS:
            raise UnknownName("stream", name, STREAMS)
    if request.suite is not None:
        raise UsageError("--vary: a suite varies all seeds together; leave one of the two out")
    return found


def _methods(request: QueueRequest) -> tuple[plan.GridMethod, ...]:
    choices = axes.methods(request.methods or "")
    found = [lookup.grid_method(choice, request.variant or PAPER) for choice in choices]
    if request.baseline and all(m.name != BASELINE for m in found):
        found.insert(0, lookup.grid_method(axes.MethodChoice(BASELINE, {}), request.variant or PAPER))
    if not found:
        raise BadValue("no methods: give --methods (ftbench methods lists them), or leave out --no-baseline")
    return tuple(found)


def _grids(given: _Axes, chosen: tuple[plan.GridMethod, ...], find: lookup.Finder) -> list[plan.Grid]:
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
