"""Comparisons of predictions, example by example and seed by seed, from the logits that are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ftbench.db import Database
from ftbench.domain.task import TaskSpec
from ftbench.errors import FtbenchError
from ftbench.metrics import Metric
from ftbench.render.sheet import Field, Sheet
from ftbench.services.comparing import seeds_and_examples
from ftbench.services.scores.compared import Compared
from ftbench.services.scores.own import own_tasks
from ftbench.services.scores.predicted import Predicted, is_right
from ftbench.stats import examples
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import CORRECTIONS, TITLES
from ftbench.stats.findings import Interval, Significance
from ftbench.tasks.rows import logits_by_row

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
FEWER = 1_000
"""Samples of a metric of which they take long."""


def sheets(
    database: Database,
    compared: list[Compared],
    correction: str,
    data: str | None,
    folders: Mapping[str, Path] | None = None,
) -> list[Sheet]:
    """Two sheets for each setting: McNemar's test and a bootstrap per seed; seeds and examples together.

    Args:
        database: where the predictions are.
        compared: the runs.
        correction: of McNemar's p over the sheet.
        data: the folder with the data sets, where it was given.
        folders: where the rows of users' own tasks are, as far as the reader has named them.
    """
    cells = [job.cell for one in compared for seeds in one.block.jobs.values() for job in seeds.values()]
    runs = Predicted(database, data, own_tasks(database, cells), folders)
    found = []
    for one in compared:
        found.append(_sheet(runs, one, correction))
        if not one.block.studies:  # whose seeds are no sample of their own
            found.append(seeds_and_examples.sheet(runs, one))
    return found


def _sheet(runs: Predicted, compared: Compared, correction: str) -> Sheet:
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
    title = f"Comparison by example: {compared.title}"
    return Sheet("examples", title, FIELDS, tuple(rows), tuple(notes), (), compared.fraction)


def _rows(runs: Predicted, compared: Compared, at: int) -> Iterator[dict[str, Any]]:
    task = compared.block.tasks[at]
    spec = runs.task(task.name)
    for left, right in compared.pairs:
        jobs = [compared.block.jobs.get((key, task.name), {}) for key in (left, right)]
        for seed in sorted(set(jobs[0]) & set(jobs[1])):
            mine, theirs = (runs.logits(by_seed[seed].cell.digest, task.evaluation) for by_seed in jobs)
            if mine is None or theirs is None:
                continue
            labels = runs.labels(spec, task.evaluation, jobs[0][seed].cell.data_revision)
            mine, theirs = (logits_by_row(spec, logits, labels) for logits in (mine, theirs))
            yield {
                "task": task.title,
                **compared.names(left, right),
                "seed": seed,
                "examples": len(labels),
                **_compared(mine, theirs, labels, task.measured.for_task(spec), spec),
            }


def _compared(
    mine: FloatArray, theirs: FloatArray, labels: FloatArray, metric: Metric, spec: TaskSpec
) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": metric.name(), "difference": None, "p_mcnemar": None}
    seen = metric.seen(mine), metric.seen(theirs)
    resamples = examples.RESAMPLES if metric.stored else FEWER
    interval = examples.bootstrap(*seen, labels, metric.resampled, resamples=resamples)
    if isinstance(interval, Interval):
        row |= {"difference": interval.value, "low": interval.low, "high": interval.high}
    if spec.regression:
        return row
    left, right = (is_right(spec, logits, labels) for logits in (mine, theirs))
    tested = examples.mcnemar(left, right)
    if isinstance(tested, Significance):
        row["p_mcnemar"] = tested.p
        row["left_alone"], row["right_alone"] = int((left & ~right).sum()), int((right & ~left).sum())
    return row
