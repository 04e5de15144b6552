"""The jobs behind a report: what the database holds of each, joined with the scores that are reported."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ftbench import metrics
from ftbench.db.rows import JobSummary, PastScore, ScoreRow, ValueRow
from ftbench.domain.result import EXPLAINED, TRAINED, Outcome, State
from ftbench.domain.target import RETENTION
from ftbench.domain.task import TaskSpec
from ftbench.errors import FtbenchError

DONE = State.DONE.value
COLLAPSED = "collapsed"
DIVERGED = Outcome.DIVERGED.value
_FAILED = (DIVERGED, COLLAPSED)
CHANCE, MISSING = AS_DIVERGED = ("chance", "missing")
"""What a diverged run counts as: the chance level of its metric, or not at all."""
AT_CHANCE = 0.01
"""A run that explains less of its training labels than this has learnt nothing."""
_NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True)
class Reported:
    """What of a task is reported.

    Attributes:
        name: the task.
        title: as papers print it.
        evaluation: the evaluation set.
        metric: the metric.
        known: whether this installation knows the task; if not, the rest is what the database suggests.
        classes: how many there are; 0 for a number, and for a task that is not known.
        own: the metric, where it is the reader's choice; guessed: its chance level on these rows.
    """

    name: str
    title: str
    evaluation: str
    metric: str
    known: bool = True
    classes: int = 0
    own: metrics.Metric | None = None
    guessed: float | None = None

    @classmethod
    def of(cls, task: TaskSpec) -> Reported:
        """What a task says of itself."""
        return cls(task.name, task.title, task.evaluation[0].name, task.metric, classes=len(task.labels))

    @property
    def measured(self) -> metrics.Metric:
        """The metric with all that is known of it."""
        return self.own or metrics.of_score(self.metric)

    def chances(self) -> dict[str, float]:
        """Metric -> its chance level, as far as that is known."""
        found = {one.name(): one.chance(self.classes) for one in metrics.usable() if one.stored}
        found |= {self.metric: self.guessed} if self.own else {}
        return {metric: value for metric, value in found.items() if value is not None}


class MethodKey(NamedTuple):
    """A row of a table: a method with all its hyper-parameters.

    Attributes:
        method: the method's name.
        hparams: its hyper-parameters as JSON with sorted keys.
    """

    method: str
    hparams: str

    def values(self) -> dict[str, Any]:
        """The hyper-parameters as values."""
        values: dict[str, Any] = json.loads(self.hparams)
        return values


class ReportJob(NamedTuple):
    """One job as a report sees it.

    Attributes:
        cell: its axes, as the database has them.
        key: its method.
        status: the job's state; ``diverged`` where it failed for that.
        scores: metric -> value on the reported evaluation set; of a diverged run what it counts as.
        explained: the share of the best constant prediction's loss that its model takes away on the rows it
            was trained on; None where that was not measured.
    """

    cell: JobSummary
    key: MethodKey
    status: str
    scores: Mapping[str, float]
    explained: float | None = None

    def score(self, metric: str) -> float:
        """The score, or NaN where there is none."""
        return self.scores.get(metric, math.nan)

    @property
    def diverged(self) -> bool:
        """Whether it ended with numbers that are not finite, and counts."""
        return self.status == DIVERGED and bool(self.scores)

    @property
    def dropped(self) -> bool:
        """Whether it failed and was asked not to count, so that its method is seen by its survivors."""
        return self.status in _FAILED and not self.scores

    @property
    def failed(self) -> bool:
        """Whether it diverged or collapsed."""
        return self.status in _FAILED or self.collapsed

    @property
    def collapsed(self) -> bool:
        """Whether it ended with constant predictions, or with a training loss at chance."""
        if self.status == DIVERGED or not self.scores and self.explained is None:
            return False
        return self.constant or (self.explained is not None and self.explained < AT_CHANCE)

    @property
    def constant(self) -> bool:
        """Whether all predictions were the same, as far as the metrics tell.

        Of two classes and of numbers exactly: the correlation is 0, and label 1 is predicted for all rows or
        for none. Of more classes: where label 1 is always or never found.
        """
        correlation = self.scores.get("matthews", self.scores.get("pearson", 0.0))
        return correlation == 0 and self.scores.get("accuracy_label1", self._other) in (0.0, 1.0)

    @property
    def _other(self) -> float:
        """What stands for the recall of label 1 where there are no labels."""
        return 0.0 if "pearson" in self.scores else math.nan

    def reason(self, metric: str) -> str:
        """Why there is no score."""
        return "no score" if self.status == DONE else self.status


def join(
    cells: Sequence[JobSummary],
    scores: Iterable[ScoreRow | ValueRow],
    tasks: Mapping[str, Reported],
    diverged: str = CHANCE,
) -> list[ReportJob]:
    """The jobs, each with its scores on the evaluation set that its task reports.

    Args:
        cells: the jobs.
        scores: theirs, and others.
        tasks: what is reported of each.
        diverged: what a diverged run counts as: ``chance``, the chance level of its metric, or ``missing``.
    """
    # A score counts only for a done job: a job that is run again has its old scores until it ends.
    wanted = {cell.digest: tasks[cell.task].evaluation for cell in cells if cell.scored}
    found: dict[str, dict[str, float]] = {}
    explained: dict[str, float] = {}
    for row in scores:
        if wanted.get(row.digest) == row.evaluation:
            found.setdefault(row.digest, {})[row.metric] = row.value
        elif (row.evaluation, row.metric) == (TRAINED, EXPLAINED) and row.digest in wanted:
            explained[row.digest] = row.value
    keys: dict[tuple[str, str], MethodKey] = {}  # each made once
    chances = {name: task.chances() if diverged == CHANCE else {} for name, task in tasks.items()}
    jobs = []
    for cell in cells:
        at = cell.method, cell.hparams.text
        if at not in keys:
            keys[at] = MethodKey(*at)
        status, fitted = status_of(cell), explained.get(cell.digest)
        scored = chances[cell.task] if status == DIVERGED else found.get(cell.digest, _NOTHING)
        jobs.append(ReportJob(cell, keys[at], status, scored, fitted))
    return jobs


def without_collapsed(jobs: Iterable[ReportJob]) -> list[ReportJob]:
    """The jobs, those that collapsed without their scores."""
    return [job._replace(status=COLLAPSED, scores={}) if job.collapsed else job for job in jobs]


def without_failed(jobs: Iterable[ReportJob]) -> list[ReportJob]:
    """The jobs, those that diverged or collapsed without their scores."""
    return [job._replace(scores={}) if job.diverged else job for job in without_collapsed(jobs)]


def reported(
    names: Iterable[str],
    cells: Iterable[JobSummary | PastScore],
    scores: Iterable[ScoreRow | ValueRow],
    own: Mapping[str, TaskSpec] | None = None,
    instead: Mapping[str, Reported] | None = None,
) -> dict[str, Reported]:
    """What is reported of each task; one that is not installed here: what its first job has a score of.

    Args:
        names: the tasks.
        cells: their jobs, in the order in which these were queued.
        scores: of the jobs.
        own: the tasks that are users' own files, by name.
        instead: what is reported of some by the reader's choice.
    """
    from ftbench import tasks

    result = {}
    for name in dict.fromkeys(names):
        try:
            chosen = (instead or {}).get(name)
            result[name] = chosen or Reported.of((own or {}).get(name) or tasks.find(name))
        except FtbenchError:
            order = {cell.digest: at for at, cell in enumerate(cells) if cell.task == name}
            there = [s for s in scores if s.digest in order and s.evaluation not in (TRAINED, RETENTION)]
            stored = (
                (order[s.digest], s.evaluation, not metrics.of_score(s.metric).higher, s.metric)
                for s in there
            )
            _, evaluation, _, metric = min(stored, default=(0, "dev", False, "accuracy"))
            result[name] = Reported(name, name, evaluation, metric, known=False)
    return result


def labels(jobs: Iterable[ReportJob]) -> dict[MethodKey, str]:
    """How the tables name each method: its label; with its hyper-parameters where two share one."""
    first: dict[MethodKey, str] = {}
    for job in jobs:
        first.setdefault(job.key, job.cell.label)
    taken: dict[str, list[MethodKey]] = {}
    for key, label in first.items():
        taken.setdefault(label, []).append(key)
    result = {}
    for label, keys in taken.items():
        values = {key: key.values() for key in keys}
        for key in keys:
            differing = [
                f"{name}={value}"
                for name, value in values[key].items()
                if any(other.get(name) != value for other in values.values())
            ]
            result[key] = f"{key.method}[{','.join(differing)}]" if differing else label
    return {key: result[key] for key in first}


def status_of(cell: JobSummary) -> str:
    """A job's state; ``diverged`` where it failed for that, or why a done one's scores do not count."""
    if cell.aside:
        return cell.aside
    if cell.state == State.FAILED and cell.last_outcome == Outcome.DIVERGED:
        return Outcome.DIVERGED.value
    return str(cell.state.value)


def index_of(jobs: Iterable[ReportJob]) -> tuple[dict[tuple[MethodKey, str], dict[int, ReportJob]], int]:
    """The jobs by method, task and seed; and how many had their place taken by another one."""
    index: dict[tuple[MethodKey, str], dict[int, ReportJob]] = {}
    twins = 0
    rows = list(jobs)
    for job in (*(one for one in rows if one.status == DONE), *(one for one in rows if one.status != DONE)):
        seeds = index.setdefault((job.key, job.cell.task), {})
        twins += job.cell.seed in seeds
        seeds.setdefault(job.cell.seed, job)
    return index, twins


def baseline_of(name: str, labels: Mapping[MethodKey, str], methods: Iterable[MethodKey]) -> MethodKey | None:
    """The method that is meant as the baseline: by its label, else the only one of its name.

    Args:
        name: as the user gave it.
        labels: how each method is named.
        methods: among which it is.
    """
    rows = list(methods)
    named = [key for key in rows if labels[key] == name]
    same = [key for key in rows if key.method == name]
    return named[0] if named else same[0] if len(same) == 1 else None
