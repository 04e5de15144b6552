"""Comparisons of predictions, example by example and seed by seed, from the logits that are stored."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ftbench import tasks
from ftbench.db import Database
from ftbench.domain.task import TaskSpec
from ftbench.errors import FtbenchError
from ftbench.render.sheet import Field, Sheet
from ftbench.services.scores.compared import Compared
from ftbench.services.scores.jobs import ReportJob
from ftbench.settings import data_dir
from ftbench.stats import examples
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import CORRECTIONS, TITLES
from ftbench.stats.example_metrics import METRICS
from ftbench.stats.findings import Interval, Significance
from ftbench.tasks import sources

FIELDS = (
    Field("task", "Task"),
    Field("comparison", "Names", shown=False),
    Field("comparison_title", "Comparison"),
    Field("seed", "Seed", "count"),
    Field("examples", "Examples", "count"),
    Field("metric", "Metric"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("left_alone", "left only", "count"),
    Field("right_alone", "right only", "count"),
    Field("p_mcnemar", "McNemar", "p"),
    Field("p_corrected", "corrected", "p"),
    Field("mark", ""),
)


def sheets(database: Database, compared: list[Compared], correction: str, data: str | None) -> list[Sheet]:
    """A sheet for each setting: McNemar's test and a bootstrap over examples, per seed.

    Args:
        database: where the predictions are.
        compared: the runs.
        correction: of McNemar's p over the sheet.
        data: the folder with the data sets, where it was given.
    """
    return [_sheet(_Runs(database, data), one, correction) for one in compared]


class _Runs:
    """What runs predicted, and what would have been right; each read once."""

    def __init__(self, database: Database, data: str | None) -> None:
        self._database, self._data = database, data
        self._labels: dict[tuple[str, str, str], FloatArray] = {}
        self._logits: dict[tuple[str, str], FloatArray | None] = {}

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


def _sheet(runs: _Runs, compared: Compared, correction: str) -> Sheet:
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for at in range(len(compared.block.tasks)):
        try:
            rows += _rows(runs, compared, at)
        except FtbenchError as error:
            notes.append(f"{compared.block.tasks[at].title} is left out: {error}")
    tests = [row for row in rows if row["p_mcnemar"] is not None]
    corrected = CORRECTIONS[correction](np.array([row["p_mcnemar"] for row in tests]))
    for row, p in zip(tests, corrected, strict=True):
        row["p_corrected"] = float(p)
        row["mark"] = (
            "" if p >= compared.level else "better" if row["left_alone"] > row["right_alone"] else "worse"
        )
    notes[:0] = [
        "One trained model against another, of one seed each: not whether a method is better. Δ: of the "
        "metric, with a 95 % bootstrap interval over the examples. McNemar's exact test is of the examples "
        "that one run alone has right (left only, right only), whatever the metric; "
        f"corrected: {TITLES[correction]} over the {len(tests)} tests of this table, marked below "
        f"{compared.level:.3g}.",
        *compared.said,
    ]
    return Sheet("examples", f"Comparison by example: {compared.title}", FIELDS, tuple(rows), tuple(notes))


def _rows(runs: _Runs, compared: Compared, at: int) -> Iterator[dict[str, Any]]:
    task = compared.block.tasks[at]
    spec = tasks.find(task.name)
    for left, right in compared.pairs:
        jobs = [compared.block.jobs.get((key, task.name), {}) for key in (left, right)]
        for seed in sorted(set(jobs[0]) & set(jobs[1])):
            mine, theirs = (runs.logits(by_seed[seed], task.evaluation) for by_seed in jobs)
            if mine is None or theirs is None:
                continue
            labels = runs.labels(spec, task.evaluation, jobs[0][seed].cell.data_revision)
            mine, theirs = (_answers(spec, logits) for logits in (mine, theirs))
            yield {
                "task": task.title,
                **compared.names(left, right),
                "seed": seed,
                "examples": len(labels),
                **_compared(mine, theirs, labels, task.metric, classes=bool(spec.labels)),
            }


def _answers(task: TaskSpec, logits: FloatArray) -> FloatArray:
    """The class or the number that a run gives each example."""
    return logits.argmax(axis=1).astype(float) if task.labels else logits[:, 0]


def _compared(
    mine: FloatArray, theirs: FloatArray, labels: FloatArray, metric: str, *, classes: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": metric, "difference": None, "p_mcnemar": None}
    if metric in METRICS:
        interval = examples.bootstrap(mine, theirs, labels, METRICS[metric], resamples=examples.RESAMPLES)
        if isinstance(interval, Interval):
            row |= {"difference": interval.value, "low": interval.low, "high": interval.high}
    tested = examples.mcnemar(mine == labels, theirs == labels) if classes else None
    if isinstance(tested, Significance):
        row["p_mcnemar"] = tested.p
        row["left_alone"] = int(((mine == labels) & (theirs != labels)).sum())
        row["right_alone"] = int(((mine != labels) & (theirs == labels)).sum())
    return row
