"""Settling: jobs that were queued before their model or rows were there become what they would be now.

A model's positions and head and the revision of the rows are parts of a job's identity. Where they were not
on the machine, the job waits under a digest without them, and takes its own as soon as they can be looked at,
before it is trained: it is then the job that the same command queues, and no other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ftbench import methods, models, tasks, trust
from ftbench.db import Database, Entry, JobRow, Settled
from ftbench.domain import hparams
from ftbench.domain.job import Job
from ftbench.domain.model import ModelRef, ModelSpec
from ftbench.domain.places import DATA, MODEL, UNRESOLVED, unresolved
from ftbench.domain.suited import suited
from ftbench.domain.target import Target
from ftbench.domain.task import DataRef, TaskSpec
from ftbench.errors import DataMissing, FtbenchError
from ftbench.tasks import hub, sources


def settle(database: Database, folder: Path | None) -> int:
    """Give the queued jobs that wait for their identity the one they have, as far as all is here.

    Args:
        database: open for writing.
        folder: with data; None for the hub's cache.

    Returns:
        How many were settled; one that can never be trained has failed.
    """
    here = _Here(folder)
    settled = [found for row in database.jobs.unresolved() if (found := here.settled(row)) is not None]
    return database.jobs.settle(settled)


class _Here:
    """What is on this machine, each looked for once; nothing is downloaded."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._models: dict[ModelRef, ModelSpec | None] = {}
        self._rows: dict[tuple[str, ...], DataRef | None] = {}

    def settled(self, row: JobRow) -> Settled | None:
        """A job as it is by what is here; None where something is still missing."""
        job, marks = Job.from_canonical(row.spec), unresolved(row.places)
        places = {key: value for key, value in row.places.items() if key != UNRESOLVED}
        try:
            if DATA in marks:
                found = self._with_rows(job, tasks.task_of_job(job.task, places))
                if found is None:
                    return None
                job, places["data"] = found
            if MODEL in marks:
                model = self._model(ModelRef(job.model, job.model_revision))
                if model is None:
                    return None
                files = tuple(places.get("plugins") or ())
                if trust.those_named(files) != files:
                    return None  # nobody has named them here: they do not run
                job = _suited(job, tasks.task_of_job(job.task, places), model, files)
        except FtbenchError as error:
            return Settled(row.digest, None, str(error))
        return Settled(row.digest, Entry(job, row.label, row.priority, places))

    def _with_rows(self, job: Job, task: TaskSpec) -> tuple[Job, str | None] | None:
        """The job with the revisions of its rows, and the folder that they are in.

        The rows of a user's own file were there when it was queued: it is not opened here.
        """
        known = DataRef("own", job.data_revision) if task.own is not None else self._located(task)
        others = dict[str, str]()
        for name in job.others:
            target = Target.of(name)
            spec = tasks.find(target.task)
            other = self._located(spec.with_sets(*target.sets(spec)))
            if other is None:
                return None
            others[name] = other.revision
        if known is None:
            return None
        return replace(job, data_revision=known.revision, others=others), known.path

    def _located(self, spec: TaskSpec) -> DataRef | None:
        key = (spec.name, spec.train.name, *(rows.name for rows in spec.evaluation))
        if key not in self._rows and self.folder is not None and not self.folder.is_dir():
            self._rows[key] = None
        if key not in self._rows:
            try:
                known = spec.builtin or self.folder is not None
                self._rows[key] = sources.locate(spec, self.folder) if known else hub.cached_rows(spec)
            except DataMissing:
                self._rows[key] = None
        return self._rows[key]

    def _model(self, ref: ModelRef) -> ModelSpec | None:
        if ref not in self._models:
            there = models.cached(ref) is not None
            self._models[ref] = models.resolve(f"{ref.id}@{ref.revision}")[0] if there else None
        return self._models[ref]


def _suited(job: Job, task: TaskSpec, model: ModelSpec, plugins: tuple[str, ...]) -> Job:
    """The job as the model can follow it.

    Raises:
        FtbenchError: it cannot; says why.
    """
    cls = methods.find(job.method, plugins)
    method = cls(hparams.parse(cls.HParams, job.hparams, owner=job.method))
    fitting = suited(job.recipe, model, task, job.hparams)
    reason = method.refusal(model, task) or fitting.refused
    if reason:
        raise FtbenchError(f"{job.method} on {job.model}, {task.name}: {reason}")
    return replace(job, recipe=fitting.recipe)
