"""Fetching what a job needs before it can be told which job it is: its model, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench import models, tasks
from ftbench.domain.job import Job
from ftbench.domain.model import ModelRef
from ftbench.domain.places import DATA, MODEL, unresolved
from ftbench.domain.target import Target
from ftbench.domain.task import TaskSpec
from ftbench.errors import DataMissing
from ftbench.tasks import sources


def fetch_needs(command: Mapping[str, Any]) -> None:
    """Find the model and the rows of a job; of the hub, download them. ``command`` is that of ``execute``.

    Raises:
        ModelMissing, DataMissing: not here and not to be had.
        DataError: a file of rows is malformed.
    """
    job, places = Job.from_canonical(command["job"]), command["places"]
    marks = unresolved(places)
    if DATA in marks:
        folder = Path(places["data"]) if places.get("data") else None
        spec = tasks.task_of_job(job.task, places)
        if spec.own is None:
            _rows(spec, folder)
        for target in map(Target.of, job.others):
            other = tasks.find(target.task)
            _rows(other.with_sets(*target.sets(other)), folder)
    if MODEL in marks:
        models.locate(ModelRef(job.model, job.model_revision))


def _rows(spec: TaskSpec, folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        raise DataMissing(f"data folder {folder} does not exist: --data-dir or FTBENCH_DATA name one")
    found = sources.locate(spec, folder)
    for rows in (spec.train, *spec.evaluation):
        sources.read(spec, rows.name, found)
