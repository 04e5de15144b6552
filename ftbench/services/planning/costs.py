"""What jobs will take: as measured in the database, else by a simple model of the work.

The model: 6 floating-point operations for each parameter, token and pass, ``TOKENS`` tokens a row, at
``THROUGHPUT`` operations a second, and ``OVERHEAD`` seconds a job for loading and evaluation. A pass is one
forward and one backward: the method says how many an update takes (``Method.passes``), the task how many rows
there are. It is meant for a GPU of a data centre in float32, and good for an order of magnitude.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ftbench import methods, models, tasks
from ftbench.db.rows import Axes
from ftbench.domain.cards import card_of_method
from ftbench.domain.job import Job
from ftbench.domain.own_task import task_of
from ftbench.domain.plan import Plan, Planned
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue, DatabaseMissing, FtbenchError, UnknownName, UsageError
from ftbench.services.planning import cards

TOKENS, THROUGHPUT, OVERHEAD = 64, 4e13, 20.0
PARAMETERS = 110.0  # millions, of a model that is not in the registry


@dataclass(frozen=True)
class TimeEstimate:
    """What some jobs will take.

    Attributes:
        seconds: of one worker, for all of them.
        jobs: their number.
        measured: how many of them have a like in the database.
    """

    seconds: float
    jobs: int
    measured: int

    @property
    def basis(self) -> str:
        """What the estimate rests on."""
        if self.measured == self.jobs:
            return "measured in this database"
        model = f"6 FLOP per parameter, token and pass at {THROUGHPUT / 1e12:g} TFLOP/s"
        return f"{self.measured} of {self.jobs} jobs measured in this database, the others by {model}"


def measured_seconds(address: str) -> dict[Axes, float]:
    """The mean seconds of done jobs; nothing where there is no database."""
    from ftbench.db import open_database

    try:
        with open_database(address, write=False) as database:
            return database.jobs.durations()
    except DatabaseMissing:
        return {}


def estimate(
    jobs: Iterable[Job],
    known: Mapping[Axes, float],
    own: Mapping[str, float] | None = None,
    specs: Mapping[str, TaskSpec] | None = None,
) -> TimeEstimate:
    """What jobs will take, one after another.

    Args:
        jobs: of any methods.
        known: seconds, as measured.
        own: digest of a job -> the passes of its updates, where its method is not installed.
        specs: the tasks that are users' own files, by name.
    """
    found = [_one(job, known, own or {}, specs or {}) for job in jobs]
    return TimeEstimate(sum(s for s, _ in found), len(found), sum(like for _, like in found))


def estimate_plan(plan: Plan, known: Mapping[Axes, float]) -> TimeEstimate:
    """What the jobs of a plan will take, one after another."""
    return _of(plan.jobs, known)


def capped(whole: Plan, hours: float, known: Mapping[Axes, float]) -> tuple[Plan, int]:
    """The jobs of a plan that fit into so many hours, whole seeds at a time.

    A table with fewer seeds in every cell says more than one with some cells missing.

    Returns:
        The plan, and how many seeds were left out.

    Raises:
        UsageError: the hours are none, or not even one seed fits; says what one takes.
    """
    if not hours > 0:
        raise BadValue(f"budget {hours:g}: give hours above 0")
    seeds: dict[int, list[Planned]] = {}
    for planned in whole.jobs:
        seeds.setdefault(planned.job.seed, []).append(planned)
    kept: list[Planned] = []
    total, out = 0.0, 0
    for jobs in seeds.values():
        took = _of(jobs, known).seconds
        if out or total + took > 3600 * hours:
            out += 1
        else:
            total += took
            kept += jobs
    if not kept:
        one = _of(next(iter(seeds.values())), known).seconds / 3600
        raise UsageError(
            f"budget {hours:g}: one seed of this grid takes about {one:.1f} hours; name fewer cells"
        )
    return replace(whole, jobs=tuple(kept)), out


def _of(jobs: Sequence[Planned], known: Mapping[Axes, float]) -> TimeEstimate:
    told = ((planned.digest, card_of_method(planned.places)) for planned in jobs)
    own = {digest: card.passes for digest, card in told if card is not None}
    specs = {one.job.task: spec for one in jobs if (spec := task_of(one.places, one.job.task))}
    return estimate((planned.job for planned in jobs), known, own, specs)


def _one(
    job: Job, known: Mapping[Axes, float], own: Mapping[str, float], specs: Mapping[str, TaskSpec]
) -> tuple[float, bool]:
    at = Axes(job.model, job.task, job.method, job.perturbation.train_size)
    if at in known:
        return known[at], True
    return _modelled(job, specs.get(job.task) or tasks.find(job.task), own), False


def _modelled(job: Job, task: TaskSpec, own: Mapping[str, float]) -> float:
    """The seconds of a job by the model of the work."""
    try:
        parameters = models.find(job.model).parameters or PARAMETERS
    except UnknownName:
        parameters = PARAMETERS
    updates = job.recipe.total_steps(cards.training_rows(job, task))
    work = 6 * parameters * 1e6 * TOKENS * updates * job.recipe.batch_size * _passes(job, task, own)
    return float(OVERHEAD + work / THROUGHPUT)


def _passes(job: Job, task: TaskSpec, own: Mapping[str, float]) -> float:
    try:
        return cards.passes(job, task, methods.of_row(job.method))
    except FtbenchError:  # not installed
        return own.get(job.digest, 1.0)
