"""Queue: from what was asked for to a plan of jobs, and from a plan to the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftbench import tasks, trust
from ftbench.domain import plan
from ftbench.domain.axes import MethodChoice
from ftbench.domain.job import STREAMS
from ftbench.domain.target import TargetChoice
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue, UnknownName, UsageError
from ftbench.methods.base import BASELINE, PAPER
from ftbench.perturbations import combined, files_named, grid_of
from ftbench.services.planning import lookup, namesakes
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.cards import carded
from ftbench.services.worker.settling import settle
from ftbench.settings import data_dir

if TYPE_CHECKING:
    from ftbench.db import Added, Database

DEFAULT_SEEDS = tuple(range(5))
DEFAULT_MODEL = "bert-base"
DEFAULT_TOY_MODEL = "tiny"
MAX_PRIORITY = 1_000_000


@dataclass(frozen=True)
class QueueRequest:
    """What is to be queued.

    Attributes:
        asked: the axes; beside a suite, those that stand in the place of its own.
        evaluate: what else is scored; None where it was not asked.
        retention: whether it is measured what is left of the pretrained model.
        suite: the paper's table, or several by a short name.
        vary: random streams that are varied one at a time; None where it was not asked.
        baseline: whether vanilla is added.
        data_dir: where the rows lie; None for the usual places.
    """

    asked: Asked
    evaluate: tuple[TargetChoice, ...] | None = None
    retention: bool = False
    suite: str | None = None
    vary: tuple[str, ...] | None = None
    baseline: bool = True
    data_dir: str | None = None


def make_plan(request: QueueRequest) -> plan.Plan:
    """Resolve every name and value of a request and cross its axes; nothing is written.

    Raises:
        UsageError: something that does not exist, a value out of range, or a grid of which nothing is left.
        FtbenchError: data, a model or a plug-in that cannot be found or used.
    """
    find = lookup.Finder(data_dir(request.data_dir))
    streams = _streams(request)
    if request.suite is not None:
        for flag, value in (("evaluate", request.evaluate), ("retention", request.retention or None)):
            if value is not None:
                raise UsageError(f"--{flag}: a suite has its own evaluation sets; leave one of the two out")
        from ftbench.services.planning import suite_plan

        whole = suite_plan.plan_suite(request.suite, request.asked, find)
    else:
        seeds = DEFAULT_SEEDS if request.asked.seeds is None else request.asked.seeds
        whole = plan.crossed(grids_asked(request, seeds[:1] if streams else seeds, find))
        whole = plan.varied(whole, streams, seeds) if streams else whole
    if not whole.jobs:
        first, *others = whole.left_out
        more = f"; and {len(others)} more such cells" if others else ""
        raise UsageError(f"nothing is left to queue: {first.cell}: {first.reason}{more}")
    whole = replace(whole, notes=(*find.notes, *whole.notes))
    if find.missing:
        told = f"{find.missing.words}; the jobs wait in the queue until then"
        whole = replace(whole, notes=(*whole.notes, told))
    return carded(whole)


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
    namesakes.refuse_in_database(database, whole)
    settle(database, _folder(whole))  # else what waits for its identity would be queued once more
    held = cache(_held)  # jobs share their files
    return database.jobs.add(
        [Entry(p.job, p.label, priority, _with_digests(p.places, held)) for p in whole.jobs]
    )


def _folder(whole: plan.Plan) -> Path | None:
    """The folder that the rows of a plan come from, by its flag or its variable; None for the hub's."""
    # A database that came from elsewhere (the example) says of no job where its rows lay.
    given = (p.places.get("data") for p in whole.jobs if p.job.data_revision.startswith("sha256:"))
    found = next(filter(None, given), None)
    return Path(str(found)) if found else data_dir()


def _with_digests(places: Mapping[str, Any], held: Callable[[str], str | None]) -> Mapping[str, Any]:
    """The places with what plug-in files hold now, so that a worker can tell them from others."""
    if "digests" in places:
        return places
    files = [*(places.get("plugins") or ()), *(places.get("perturbations") or {}).values()]
    mine = {file: digest for file in files if (digest := held(file)) is not None}
    return {**places, "digests": mine} if mine else places


def _held(file: str) -> str | None:
    """The digest of a file; None where only a database names it: it is not opened."""
    return trust.digest(file) if trust.is_named(file) else None


def _streams(request: QueueRequest) -> tuple[str, ...]:
    """The random streams that are to be varied one at a time."""
    if request.vary is None:
        return ()
    if not request.vary:
        raise BadValue(f"no streams: give --vary some of {', '.join(STREAMS)}")
    for name in request.vary:
        if name not in STREAMS:
            raise UnknownName("stream", name, STREAMS)
    if request.suite is not None:
        raise UsageError("--vary: a suite varies all seeds together; leave one of the two out")
    return request.vary


def choices(request: QueueRequest) -> tuple[MethodChoice, ...]:
    """The methods that were asked for, with the baseline before them unless it is among them or not wanted.

    Raises:
        FtbenchError: a method that does not exist, or cannot be used.
    """
    found = request.asked.methods or ()
    variant = request.asked.variant or PAPER
    named = (lookup.grid_method(choice, variant).name for choice in found)
    return found if not request.baseline or BASELINE in named else (MethodChoice(BASELINE, {}), *found)


def _methods(request: QueueRequest) -> tuple[plan.GridMethod, ...]:
    variant = request.asked.variant or PAPER
    found = tuple(lookup.grid_method(choice, variant) for choice in choices(request))
    if not found:
        raise BadValue("no methods: give --methods (ftbench methods lists them), or leave out --no-baseline")
    namesakes.refuse_in_request(found, request.asked.perturb)
    return found


def grids_asked(request: QueueRequest, seeds: tuple[int, ...], find: lookup.Finder) -> list[plan.Grid]:
    """One grid, or one per default model where no model was given.

    Raises:
        UsageError: something that does not exist, or a value out of range.
        FtbenchError: data, a model or a plug-in that cannot be found or used.
    """
    asked = request.asked
    if not asked.tasks:
        raise BadValue("no tasks: give --tasks (ftbench tasks lists them) or --suite")
    if asked.models is not None and not asked.models:
        raise BadValue("no models: give --models a name, or leave it out for the default")
    specs = tasks.expand(asked.tasks, asked.columns)
    targets = tuple(one.on(tasks.find(one.task)) for one in request.evaluate or ())
    chosen = _methods(request)  # the last that needs no file and no network
    files = files_named(asked.perturb)
    for file in files.values():
        trust.name(file)  # who types it means to run it
    by_models: dict[tuple[str, ...], list[TaskSpec]] = {}
    for spec in specs:
        default = (DEFAULT_TOY_MODEL if spec.builtin else DEFAULT_MODEL,)
        by_models.setdefault(asked.models or default, []).append(spec)
    return [
        plan.Grid(
            models=tuple(find.model(name, request.retention) for name in names),
            tasks=tuple(find.scored_on(spec, targets) for spec in mine),
            methods=chosen,
            seeds=seeds,
            perturbations=tuple(grid_of(one, files) for one in combined(asked.perturb)),
            settings=tuple(point.values() for point in asked.settings.points()),
            retention=request.retention,
        )
        for names, mine in by_models.items()
    ]
