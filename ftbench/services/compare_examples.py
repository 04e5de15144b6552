"""Comparisons of predictions, example by example and seed by seed, from the logits that are stored."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ftbench import tasks
from ftbench.db import Database, open_database
from ftbench.domain.task import TaskSpec
from ftbench.errors import FtbenchError
from ftbench.reports.sheet import Field, Sheet
from ftbench.services.compare_request import Compared
from ftbench.services.report_jobs import ReportJob
from ftbench.settings import data_dir
from ftbench.stats import examples
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import CORRECTIONS, TITLES
from ftbench.stats.findings import Interval, Significance
from ftbench.stats.leaderboard import ALPHA
from ftbench.tasks import sources

FIELDS = (
    Field("task", "Task"),
    Field("comparison", "Comparison"),
    Field("seed", "Seed", "count"),
    Field("examples", "Examples", "count"),
    Field("metric", "Metric"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("p_mcnemar", "McNemar", "p"),
    Field("p_corrected", "corrected", "p"),
    Field("mark", ""),
)
Metric = Callable[[FloatArray, FloatArray], float]


def sheets(address: str, compared: list[Compared], correction: str, data: str | None) -> list[Sheet]:
    """A sheet for each setting: McNemar's test and a bootstrap over examples, per seed.

    Args:
        address: of the database.
        compared: the runs.
        correction: of McNemar's p over the sheet.
        data: the folder with the data sets, where it was given.
    """
    with open_database(address, write=False) as database:
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
        row["mark"] = "" if p >= ALPHA else "better" if row["difference"] > 0 else "worse"
    notes[:0] = [
        "One trained model against another, of one seed each: not whether a method is better. McNemar's "
        f"exact test; corrected: {TITLES[correction]} over the {len(tests)} tests of this table, marked "
        f"below {ALPHA:g}. Δ: of the metric, with a 95 % bootstrap interval over the examples."
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
            revision = jobs[0][seed].cell.data_revision
            labels = runs.labels(spec, task.evaluation, revision)
            name, metric = (
                ("accuracy", _accuracy) if spec.labels else (spec.metric, _correlation(spec.metric))
            )
            if spec.labels:
                mine, theirs = mine.argmax(axis=1).astype(float), theirs.argmax(axis=1).astype(float)
            else:
                mine, theirs = mine[:, 0], theirs[:, 0]
            yield {
                "task": task.title,
                "comparison": f"{compared.labels[left]} − {compared.labels[right]}",
                "seed": seed,
                "examples": len(labels),
                "metric": name,
                **_compared(mine, theirs, labels, metric, bool(spec.labels)),
            }


def _compared(
    mine: FloatArray, theirs: FloatArray, labels: FloatArray, metric: Metric, classes: bool
) -> dict[str, Any]:
    interval = examples.bootstrap(mine, theirs, labels, metric)
    tested = examples.mcnemar(mine == labels, theirs == labels) if classes else None
    row: dict[str, Any] = {"difference": metric(mine, labels) - metric(theirs, labels)}
    row["p_mcnemar"] = tested.p if isinstance(tested, Significance) else None
    if isinstance(interval, Interval):
        row |= {"low": interval.low, "high": interval.high}
    return row


def _accuracy(predicted: FloatArray, labels: FloatArray) -> float:
    return float((predicted == labels).mean())


def _correlation(metric: str) -> Metric:
    return partial(_correlated, ranked=metric == "spearman")


def _correlated(predicted: FloatArray, labels: FloatArray, ranked: bool) -> float:
    """A correlation; a constant prediction correlates 0, as in the scores."""
    if ranked:
        from scipy.stats import rankdata

        predicted, labels = rankdata(predicted), rankdata(labels)
    a, b = predicted - predicted.mean(), labels - labels.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-12 else 0.0
