"""A small database made by hand: two methods, two tasks, a missing seed, a noisy run of each method."""

from __future__ import annotations

from collections.abc import Sequence

from ftbench.db import Database, Entry, create_database
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import JobResult, Predictions, Score

SCORES = {
    ("vanilla", "rte"): [0.70, 0.71, 0.69, 0.72],
    ("bidrop", "rte"): [0.73, 0.735, 0.715, 0.76],
    ("vanilla", "sst2"): [0.90, 0.91, 0.92, 0.93],
    ("bidrop", "sst2"): [0.91, 0.90, 0.93],  # the last seed is missing
}


def done(
    database: Database, job: Job, method: str, score: float, predictions: Sequence[Predictions] = ()
) -> None:
    """Add a job that is finished."""
    database.jobs.add([Entry(job, method)])
    claim = database.jobs.claim("worker", 60.0)
    assert claim is not None
    result = JobResult(scores=(Score("dev", "accuracy", score),), predictions=tuple(predictions))
    database.jobs.finish(claim, result)


def fill(path: str) -> None:
    """Make the database."""
    with create_database(path) as database:
        for (method, task), scores in SCORES.items():
            for seed, score in enumerate(scores):
                done(database, Job("bert-base", "main", task, "d", ("dev",), method, {}, seed), method, score)
        for method in ("vanilla", "bidrop"):
            noisy = Perturbation.of({"noise": 0.1})
            job = Job("bert-base", "main", "rte", "d", ("dev",), method, {}, 0, noisy)
            done(database, job, method, 0.6)
