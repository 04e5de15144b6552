"""What a board shows of the queue: plain values, no SQLAlchemy."""

from __future__ import annotations

from typing import NamedTuple

from ftbench.db.rows import Axes
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import Outcome, State

MOST_FAILED, MOST_WORKERS = 500, 200
"""Of which a board shows the latest."""


class GridCount(NamedTuple):
    """How many jobs of a cell of a grid stand where.

    Attributes:
        label: of the method with its settings; of trials, the method as their study names it.
        model, task, perturbation, state: what they have in common.
        study: whose trials they are; "" for runs.
        jobs: how many.
    """

    label: str
    model: str
    task: str
    perturbation: Perturbation
    state: State
    study: str = ""
    jobs: int = 0


class RunningRow(NamedTuple):
    """A job that runs: who has it, when its lease ends, which attempt it is, and when that began."""

    digest: str
    label: str
    model: str
    task: str
    method: str
    seed: int
    perturbation: Perturbation
    train_size: int | None
    owner: str | None
    expires: float | None
    number: int | None
    started: float | None

    @property
    def axes(self) -> Axes:
        """What its duration depends on most."""
        return Axes(self.model, self.task, self.method, self.train_size)


class FailedRow(NamedTuple):
    """A job that failed for good, and how its last attempt ended."""

    digest: str
    label: str
    model: str
    task: str
    seed: int
    perturbation: Perturbation
    number: int
    worker: str
    outcome: Outcome
    message: str
    ended: float | None


class WorkerTally(NamedTuple):
    """What a worker has done in this database, and when it ended an attempt last."""

    worker: str
    done: int
    failed: int
    ended: float | None


class ListedRow(NamedTuple):
    """A job and where it stands."""

    digest: str
    state: State
    label: str
    model: str
    task: str
    seed: int
    perturbation: Perturbation
    attempts: int
    priority: int
    owner: str | None


class Glance(NamedTuple):
    """One state of the queue; times are seconds since 1970 by the database's clock.

    Attributes:
        now: when it was looked at.
        grid: the cells of all grids, in the order of queueing.
        running: the jobs that run.
        failed: those that failed for good, the latest first, ``MOST_FAILED`` at most.
        outcomes: how the last attempts of all that failed ended: outcome -> jobs.
        workers: all that have ended an attempt, the latest first, ``MOST_WORKERS`` at most.
        mark: what is another one where the grid is.
    """

    now: float
    grid: list[GridCount]
    running: list[RunningRow]
    failed: list[FailedRow]
    outcomes: dict[Outcome, int]
    workers: list[WorkerTally]
    mark: object = None
