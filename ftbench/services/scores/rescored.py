"""Runs scored by another metric than their task reports, from the logits that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ftbench import metrics
from ftbench.db import Database, JobSummary, ScoreRow, ValueRow
from ftbench.domain.task import NO_LABEL, TOKEN_CLASSIFICATION, TaskSpec
from ftbench.errors import FtbenchError, NothingToReport
from ftbench.metrics import Metric
from ftbench.services.scores.jobs import DIVERGED, Reported, status_of
from ftbench.services.scores.own import own_tasks
from ftbench.services.scores.predicted import Predicted
from ftbench.stats.aggregate import FloatArray
from ftbench.tasks.rows import logits_by_row


@dataclass(frozen=True)
class MetricChoice:
    """The metric that a reader asks for.

    Attributes:
        metric: what runs are scored by.
        data_dir: the folder with the data sets, for their labels; None for the usual places.
    """

    metric: Metric
    data_dir: str | None = None

    @classmethod
    def of(cls, name: str | None, data_dir: str | None = None) -> MetricChoice | None:
        """Find a metric, by its name or file; None for none, which leaves tasks theirs.

        Raises:
            UnknownName, PluginError: there is none, or it cannot be used.
        """
        return None if name is None else cls(metrics.find(name), data_dir)


@dataclass(frozen=True)
class Rescored:
    """Runs as another metric has them.

    Attributes:
        cells: the jobs of the tasks that it fits.
        scores: theirs, with those that were computed.
        shown: what is then reported of each task; {} where no metric was asked for.
        notes: what is left out, a line each.
    """

    cells: Sequence[JobSummary]
    scores: Sequence[ScoreRow | ValueRow]
    shown: Mapping[str, Reported] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def rescored(
    database: Database,
    cells: Sequence[JobSummary],
    scores: Sequence[ScoreRow | ValueRow],
    asked: MetricChoice | None,
    folders: Mapping[str, Path] | None = None,
) -> Rescored:
    """Jobs with their scores by a metric; as they are where none is asked for.

    A score that is stored is taken as it is.

    Args:
        database: where the logits are.
        cells: the jobs.
        scores: theirs, and others.
        asked: the metric.
        folders: where the rows of users' own tasks are, as far as the reader has named them.

    Raises:
        NothingToReport: it fits none of the tasks, or none of the labels is here.
    """
    if asked is None:
        return Rescored(cells, scores)
    metric = asked.metric
    runs = Predicted(database, asked.data_dir, own_tasks(database, cells), folders)
    known = {(s.digest, s.evaluation) for s in scores if s.metric == metric.name()}
    found: list[ValueRow] = []
    shown: dict[str, Reported] = {}
    notes: list[str] = []
    without = 0
    for name in dict.fromkeys(cell.task for cell in cells):
        mine = [cell for cell in cells if cell.task == name]
        try:
            spec = runs.task(name)
            if why := metric.unfit(spec):
                notes.append(f"{spec.title} is left out: {metric.name()} does not fit it, {why}")
                continue
            labels = {r: runs.labels(spec, _set(spec), r) for r in _revisions(mine, known, _set(spec))}
        except FtbenchError as error:
            notes.append(f"{_title(runs, name)} is left out: {str(error).removeprefix(f'task {name}: ')}")
            continue
        lost = [cell.data_revision for cell in mine if status_of(cell) == DIVERGED]
        gold = next(iter(labels.values()), None)
        if gold is None and lost:
            gold = _labels(runs, spec, lost[0])
        own = metric.for_task(spec)
        guessed = own.chance(len(spec.labels), gold)
        task = Reported.of(spec)
        shown[name] = replace(task, metric=metric.name(), own=own, guessed=guessed)
        for cell in mine:
            if not cell.scored or (cell.digest, task.evaluation) in known:
                continue
            logits = runs.logits(cell.digest, task.evaluation, keep=False)
            right = labels[cell.data_revision]
            if logits is None or len(logits) != _stored_rows(spec, right):
                without += 1
                continue
            value = own.score(logits_by_row(spec, logits, right), right)
            if np.isfinite(value):
                found.append(ValueRow(cell.digest, task.evaluation, metric.name(), value))
    if not shown:
        raise NothingToReport(f"no task here can be scored by {metric.name()}: {'; '.join(notes)}")
    if without:
        counted = "1 run has" if without == 1 else f"{without} runs have"
        notes.append(f"{counted} no stored logits, and so no {metrics.said(metric)}: shown as 'no score'.")
    kept = [cell for cell in cells if cell.task in shown]
    return Rescored(kept, [*scores, *found], shown, tuple(notes))


def _stored_rows(spec: TaskSpec, labels: FloatArray) -> int:
    """How many rows of logits there must be: of a task of words one for each that is labelled."""
    return int((labels != NO_LABEL).sum()) if spec.kind == TOKEN_CLASSIFICATION else len(labels)


def _title(runs: Predicted, name: str) -> str:
    try:
        return runs.task(name).title
    except FtbenchError:
        return name


def _set(spec: TaskSpec) -> str:
    return spec.evaluation[0].name


def _revisions(cells: Iterable[JobSummary], known: set[tuple[str, str]], evaluation: str) -> dict[str, None]:
    """The data of the jobs whose score is not stored."""
    needed = (cell for cell in cells if cell.scored and (cell.digest, evaluation) not in known)
    return dict.fromkeys(cell.data_revision for cell in needed)


def _labels(runs: Predicted, spec: TaskSpec, revision: str) -> FloatArray | None:
    """Labels of a task, for its level of chance; None where its rows are not here."""
    try:
        return runs.labels(spec, _set(spec), revision)
    except FtbenchError:
        return None


def told_of_metric(metric: Metric) -> str:
    """How to read a table of a metric: what it is, its unit, and which end is better."""
    unit = "× 100" if metric.percent else f"in {metric.unit}" if metric.unit else "in its own unit"
    end = "higher" if metric.higher else "lower"
    warning = f"; {metric.warning}" if metric.warning else ""
    said = metrics.said(metric)
    named = said if metric.heading in ("", said) else f"{metric.heading}, {said}"
    return f"Scored by {named}, {unit}: {end} is better{warning}."
