"""What runs predicted, from the logits that are stored, and what would have been right."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from ftbench import tasks
from ftbench.db import Database
from ftbench.domain.own_task import without_place
from ftbench.domain.task import TaskSpec
from ftbench.services.scores.jobs import ReportJob
from ftbench.settings import data_dir
from ftbench.stats.aggregate import FloatArray
from ftbench.tasks import sources


class Predicted:
    """What runs predicted, and what would have been right; each read once."""

    def __init__(self, database: Database, data: str | None, own: Mapping[str, TaskSpec]) -> None:
        """Read from a database, and the labels from a folder with the data sets, where it was given.

        Of ``own``, the tasks that are users' own files, the rows are in that folder too: where the database
        says that they are is not looked at.
        """
        self._database, self._data, self._own = database, data, own
        self._labels: dict[tuple[str, str, str], FloatArray] = {}
        self._logits: dict[tuple[str, str], FloatArray | None] = {}

    def task(self, name: str) -> TaskSpec:
        """The task of a name.

        Raises:
            FtbenchError: there is none.
        """
        return without_place(self._own[name]) if name in self._own else tasks.find(name)

    def logits(self, job: ReportJob, evaluation: str) -> FloatArray | None:
        """(examples, outputs); None where none are stored."""
        at = job.cell.digest, evaluation
        if at not in self._logits:
            stored = [p for p in self._database.results.predictions(at[0]) if p.evaluation == evaluation]
            self._logits[at] = None
            if stored:
                flat = np.frombuffer(zlib.decompress(stored[0].logits), dtype="<f4")
                self._logits[at] = flat.reshape(stored[0].rows, stored[0].outputs).astype(np.float64)
        return self._logits[at]

    def labels(self, task: TaskSpec, evaluation: str, revision: str) -> FloatArray:
        """What is right: (examples,).

        Raises:
            DataError: the rows that the jobs were scored on are not here.
        """
        at = task.name, evaluation, revision
        if at not in self._labels:
            ref = sources.reopen(task, revision, data_dir(self._data))
            self._labels[at] = np.asarray(sources.read(task, evaluation, ref).labels, dtype=np.float64)
        return self._labels[at]
