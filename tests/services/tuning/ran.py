"""Studies declared in a database, and their jobs ended by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftbench import tasks
from ftbench.cli._requests import asked
from ftbench.db import Database, Entry
from ftbench.domain.job import Job
from ftbench.domain.plan import Plan
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.domain.target import HELD_OUT_BEST
from ftbench.services.planning.asked import Asked
from ftbench.services.tuning.study import TuneCall, TuneRequest, tune


def request(
    methods: str = "vanilla", tasks_named: str = "toy-accept", *, settings: tuple[str, ...] = (), **more: Any
) -> TuneRequest:
    """A request for ``tiny``; ``more`` are fields of ``TuneRequest``."""
    perturb = more.pop("perturb", ())
    wanted = asked(methods=methods, tasks=tasks_named, models="tiny", settings=settings, perturb=perturb)
    return TuneRequest(wanted, **{"budget": 4, "studies": 1, "baseline": False, **more})


def asked_of(
    methods: str | None = None,
    tasks_named: str | None = None,
    *,
    perturb: tuple[str, ...] = (),
    settings: tuple[str, ...] = (),
    variant: str | None = None,
) -> Asked:
    """The axes of reporting runs."""
    return asked(methods=methods, tasks=tasks_named, perturb=perturb, settings=settings, variant=variant)


def put(database: Database, whole: Plan) -> None:
    """Queue the jobs of a plan."""
    database.jobs.add([Entry(p.job, p.label, 0, p.places) for p in whole.jobs])


def declare(database: Database, *names: Any, **more: Any) -> TuneCall:
    """Declare a study."""
    return tune(database, request(*names, **more))


Came = float | Outcome | tuple[float, float, float]


def end_all(database: Database, score: Callable[[Job], Came]) -> list[Job]:
    """End every queued job, with a score on what it is scored on or a failure; in the order of claims.

    Three numbers are the score of the last model, that of the best epoch, and how many epochs that took.
    """
    ended = []
    while (lease := database.jobs.claim("worker", 60.0)) is not None:
        job, came = lease.job, score(lease.job)
        if isinstance(came, Outcome):
            database.jobs.fail(lease, came, "it broke", "")
        else:
            metric = tasks.find(job.task).metric
            last, *best = came if isinstance(came, tuple) else (came,)
            scores = [Score(job.evaluation[0], metric, last)]
            for name, value in zip((metric, "epochs"), best, strict=False):
                scores.append(Score(HELD_OUT_BEST, name, value))
            database.jobs.finish(lease, JobResult(tuple(scores)))
        ended.append(job)
    return ended
