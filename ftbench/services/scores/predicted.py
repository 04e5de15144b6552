"""What runs predicted, from the logits that are stored, and what would have been right."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ftbench import tasks
from ftbench.db import Database
from ftbench.domain.own_task import without_place
from ftbench.domain.result import Predictions
from ftbench.domain.task import MULTI_LABEL, NO_LABEL, DataRef, TaskSpec
from ftbench.errors import DataMissing
from ftbench.settings import data_dir
from ftbench.stats.aggregate import FloatArray
from ftbench.tasks import sources
from ftbench.tasks.rows import label_array


class Predicted:
    """What runs predicted, and what would have been right; each read once."""

    def __init__(
        self,
        database: Database,
        data: str | None,
        own: Mapping[str, TaskSpec],
        named: Mapping[str, Path] | None = None,
    ) -> None:
        """Read from a database, and the labels from a folder with the data sets, where it was given.

        Of ``own``, the tasks that are users' own files, the rows are in the folder of those ``named``
        by their place, else in that folder, too: where the database says that they are is not looked at.
        """
        self._database, self._data, self._own, self._named = database, data, own, named or {}
        self._labels: dict[tuple[str, str, str], FloatArray] = {}
        self._logits: dict[tuple[str, str], FloatArray | None] = {}

    def task(self, name: str) -> TaskSpec:
        """The task of a name.

        Raises:
            FtbenchError: there is none.
        """
        return without_place(self._own[name]) if name in self._own else tasks.find(name)

    def logits(self, digest: str, evaluation: str, *, keep: bool = True) -> FloatArray | None:
        """Of a job as stored, kept where they are asked for again; None where none are.

        (examples, outputs), or (labelled words, tags).
        """
        at = digest, evaluation
        if at not in self._logits:
            stored = [p for p in self._database.results.predictions(digest) if p.evaluation == evaluation]
            found = _unpacked(stored[0]) if stored else None
            if not keep:
                return found
            self._logits[at] = found
        return self._logits[at]

    def labels(self, task: TaskSpec, evaluation: str, revision: str) -> FloatArray:
        """What is right, as ``label_array`` gives it.

        Raises:
            DataError: the rows that the jobs were scored on are not here.
        """
        at = task.name, evaluation, revision
        if at not in self._labels:
            ref = self._rows(task, revision)
            rows = sources.read(task, evaluation, ref)
            self._labels[at] = label_array(task, rows.labels).astype(np.float64)
        return self._labels[at]

    def _rows(self, task: TaskSpec, revision: str) -> DataRef:
        folder = self._named.get(task.name) or data_dir(self._data)
        try:
            return sources.reopen(task, revision, folder)
        except DataMissing as error:
            own = task.own is not None and not task.own.source
            raise DataMissing(f"{error}{', or the file in --tasks' if own else ''}", error.away) from None


def is_right(task: TaskSpec, logits: FloatArray, labels: FloatArray) -> NDArray[np.bool_]:
    """Which examples a run has right: all labels of a row, all words of a sentence.

    Args:
        task: whose they are; not one of numbers.
        logits: rows first, as metrics have them.
        labels: as ``label_array`` gives them.

    Returns:
        Shape (examples,).
    """
    if task.kind == MULTI_LABEL:
        right = (logits > 0) == (labels == 1)
    else:
        right = (logits.argmax(axis=-1) == labels) | (labels == NO_LABEL)
    found: NDArray[np.bool_] = right.reshape(len(labels), -1).all(axis=1)
    return found


def _unpacked(stored: Predictions) -> FloatArray:
    flat = np.frombuffer(zlib.decompress(stored.logits), dtype="<f4")
    return flat.reshape(stored.rows, stored.outputs).astype(np.float64)
