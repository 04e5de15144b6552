"""Runs with logits, and reports of them by a metric that is computed from these."""

from __future__ import annotations

import zlib

import numpy as np

from ftbench import tasks
from ftbench.db import Entry
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import JobResult, Predictions, Score
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.rescored import MetricChoice
from ftbench.tasks import sources

TASKS = ("toy-accept", "toy-entail", "toy-sim")
SPREAD = {"vanilla": 3.0, "bidrop": 0.6}  # how much too sure each is


def fill(database):
    rng = np.random.default_rng(0)
    for name in TASKS:
        spec = tasks.find(name)
        ref = sources.locate(spec)
        labels = np.asarray(sources.read(spec, "dev", ref).labels, dtype=float)
        for seed in range(4):
            right = np.where(rng.random(len(labels)) < 0.7, labels, 1 - labels)
            for method, sure in SPREAD.items():
                for noise in (0.0, 0.1):
                    job = Job("tiny", "r", name, ref.revision, ("dev",), method, {}, seed)
                    job = Job(**{**vars(job), "perturbation": Perturbation.of({"noise": noise})})
                    database.jobs.add([Entry(job, method)])
                    claim = database.jobs.claim("worker", 60.0)
                    if spec.labels:
                        logits = (1 + 5 * noise) * sure * (2 * np.eye(2)[right.astype(int)] - 1)
                        logits = logits + 0.01 * seed
                    else:
                        logits = labels[:, None] + sure
                    logits = np.ascontiguousarray(logits, dtype="<f4")
                    kept = Predictions("main", "dev", *logits.shape, zlib.compress(logits.tobytes()))
                    scores = (Score("dev", spec.metric, 0.7),)
                    database.jobs.finish(claim, JobResult(scores=scores, predictions=(kept,)))


def asked(metric, **more):
    return ReportRequest(metric=MetricChoice.of(metric), **more)
