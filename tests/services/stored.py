"""Finished jobs in a database, made by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from ftbench import tasks
from ftbench.db import Database, Entry
from ftbench.domain.job import Job
from ftbench.domain.result import CurvePoint, JobResult, Outcome, Predictions, Score


def job_of(method: str, task: str, seed: int, **more: Any) -> Job:
    """A job of bert-base; ``more`` are fields of ``Job``."""
    fields: dict[str, Any] = {"hparams": {}, "evaluation": (tasks.find(task).evaluation[0].name,), **more}
    return Job("bert-base", "main", task, "d", method=method, seed=seed, **fields)


def finish(
    database: Database,
    job: Job,
    score: float | None,
    *,
    label: str | None = None,
    losses: Iterable[float] = (),
    predictions: Iterable[Predictions] = (),
    provenance: Mapping[str, Any] | None = None,
) -> str:
    """Add a job and end it: with a score of its task's metric, or as failed where there is none."""
    database.jobs.add([Entry(job, label or job.method)])
    claim = database.jobs.claim("worker", 60.0)
    assert claim is not None and claim.digest == job.digest
    if score is None:
        database.jobs.fail(claim, Outcome.USER, "it broke", "")
        return job.digest
    scores = (Score(job.evaluation[0], tasks.find(job.task).metric, score),)
    curves = tuple(CurvePoint("main", step, "loss", loss) for step, loss in enumerate(losses, start=1))
    result = JobResult(scores, curves, tuple(predictions), dict(provenance or {}))
    database.jobs.finish(claim, result)
    return job.digest


def store(
    database: Database, scores: Mapping[tuple[str, str], Iterable[float]], first: int = 0, **more: Any
) -> None:
    """Finish jobs: (method, task) -> the scores of seeds ``first``, ``first + 1``, …"""
    for (method, task), values in scores.items():
        for seed, score in zip(itertools.count(first), values, strict=False):
            finish(database, job_of(method, task, seed, **more), score)
