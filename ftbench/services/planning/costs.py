"""What jobs will take: as measured in the database, else by a simple model of the work.

The model: 6 floating-point operations for each parameter, token and pass, ``TOKENS`` tokens a row, at
``THROUGHPUT`` operations a second, and ``OVERHEAD`` seconds a job for loading and evaluation. A pass is one
forward and one backward; what a method needs of them for a step is in ``PASSES``. It is meant for a GPU of a
data centre in float32, and good for an order of magnitude.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ftbench import models, tasks
from ftbench.db.rows import Axes
from ftbench.domain.job import Job
from ftbench.domain.plan import Plan, Planned
from ftbench.errors import BadValue, UnknownName, UsageError

TOKENS, THROUGHPUT, OVERHEAD = 64, 4e13, 20.0
PARAMETERS = 110.0  # millions, of a model that is not in the registry
ROWS: Mapping[str, int] = {
    "cola": 8_551,
    "mrpc": 3_668,
    "rte": 2_490,
    "stsb": 5_749,
    "sst2": 67_349,
    "qnli": 104_743,
    "qqp": 363_846,
    "mnli": 392_702,
    "snli": 549_367,
    "sick": 4_439,
    "scitail": 23_596,
}
Values = Mapping[str, Any]
#: Passes for one update of vanilla; what is not named here takes one.
PASSES: Mapping[str, Callable[[Values], float]] = {
    "bidrop": lambda h: float(h["k"]),
    "rdrop": lambda h: 2.0,
    "r3f": lambda h: 2.0,
    "r4f": lambda h: 2.0,
    "smart": lambda h: 3.0 + h["steps"],
    "freelb": lambda h: float(h["steps"]),
    "sam": lambda h: 2.0,
    "mixout": lambda h: 1.2,
    "dps_dense": lambda h: 1.1,
    "dps_mix": lambda h: 1.3,
    "child_tuning_d": lambda h: 4 / 3,  # the Fisher pass is one epoch more, of three
    "soup": lambda h: float(h["members"]),
    # about five passes an update of the search, on four fifths of the rows
    "weight_mixup": lambda h: (4 * h["k"] * h["search_epochs"] + h["finetune_epochs"]) / 3,
}


@dataclass(frozen=True)
class Estimate:
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


def measured(address: str) -> dict[Axes, float]:
    """The mean seconds of done jobs; nothing where there is no database."""
    from ftbench.db import open_database
    from ftbench.settings import sqlite_path

    path = sqlite_path(address)
    if path is not None and not path.exists():
        return {}
    with open_database(address, write=False) as database:
        return database.jobs.durations()


def estimate(jobs: Iterable[Job], known: Mapping[Axes, float]) -> Estimate:
    """What jobs will take, one after another."""
    found = [_one(job, known) for job in jobs]
    return Estimate(sum(s for s, _ in found), len(found), sum(like for _, like in found))


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
        took = estimate((p.job for p in jobs), known).seconds
        if out or total + took > 3600 * hours:
            out += 1
        else:
            total += took
            kept += jobs
    if not kept:
        one = estimate((p.job for p in next(iter(seeds.values()))), known).seconds / 3600
        raise UsageError(
            f"budget {hours:g}: one seed of this grid takes about {one:.1f} hours; name fewer cells"
        )
    return Plan(tuple(kept), whole.left_out), out


def _one(job: Job, known: Mapping[Axes, float]) -> tuple[float, bool]:
    at = Axes(job.model, job.task, job.method, job.perturbation.train_size)
    return (known[at], True) if at in known else (modelled(job), False)


def modelled(job: Job) -> float:
    """The seconds of a job by the model of the work."""
    try:
        parameters = models.find(job.model).parameters or PARAMETERS
    except UnknownName:
        parameters = PARAMETERS
    rows = job.perturbation.train_size or _rows(job.task)
    updates = job.recipe.total_steps(rows)
    passes = PASSES[job.method](job.hparams) if job.method in PASSES else 1.0
    work = 6 * parameters * 1e6 * TOKENS * updates * job.recipe.batch_size * passes
    return float(OVERHEAD + work / THROUGHPUT)


def _rows(task: str) -> int:
    if task in ROWS:
        return ROWS[task]
    from ftbench.tasks import toy

    return toy.TRAIN_ROWS if tasks.find(task).builtin else 10_000
