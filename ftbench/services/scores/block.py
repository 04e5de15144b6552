"""From the jobs of one ratio to cells: scores, averages, differences.

An average over tasks is given where every seed that was queued for every task (by any method of the table)
has its score. Where some method falls short of that, a second average is given for all of them: over the
tasks and seeds that every compared method has. A difference is always between averages over the same tasks
and seeds.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ftbench.domain.study import Study
from ftbench.metrics import Metric, of_score
from ftbench.render.table import NOT_QUEUED, Cell
from ftbench.services.scores.jobs import MethodKey, Reported, ReportJob
from ftbench.stats import aggregate, failures, statistics
from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.by_study import study_means
from ftbench.stats.statistics import Statistic

JobIndex = Mapping[tuple[MethodKey, str], Mapping[int, ReportJob]]
"""(method, task) -> seed -> job."""
USUAL = of_score("accuracy")


@dataclass(frozen=True)
class Block:
    """One metric at one ratio: the scores of every method.

    Attributes:
        tasks: what is reported of each task.
        metrics: the metric of each task.
        seeds: the seeds of the table.
        methods: the rows.
        jobs: the jobs.
        scores: method -> (seeds, tasks); NaN where there is no score.
        planned: (seeds, tasks): queued for some method; for a task without any, what the others have.
        studies: whose choice each seed was trained with, where there are several: then the studies are the
            sample, and tests are over their means; () where each seed stands for itself.
    """

    tasks: tuple[Reported, ...]
    metrics: tuple[str, ...]
    seeds: tuple[int, ...]
    methods: tuple[MethodKey, ...]
    jobs: JobIndex
    scores: Mapping[MethodKey, FloatArray]
    planned: BoolArray
    studies: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        tasks: Sequence[Reported],
        metrics: Sequence[str],
        seeds: Sequence[int],
        methods: Sequence[MethodKey],
        jobs: JobIndex,
        study: Study | None = None,
    ) -> Block:
        """Lay the jobs out as arrays; ``study``: whose choices they were trained with."""
        planned = np.zeros((len(seeds), len(tasks)), dtype=np.bool_)
        scores = {method: np.full(planned.shape, np.nan) for method in methods}
        at = {seed: row for row, seed in enumerate(seeds)}
        for column, (task, metric) in enumerate(zip(tasks, metrics, strict=True)):
            for method in methods:
                mine = jobs.get((method, task.name), {})
                rows = [at[seed] for seed in mine]
                planned[rows, column] = True
                scores[method][rows, column] = [job.scores.get(metric, math.nan) for job in mine.values()]
        # A task that no method has at this ratio lacks the seeds that the other tasks have.
        planned |= ~planned.any(axis=0) & planned.any(axis=1, keepdims=True)
        turns = tuple(map(study.repeat_of, seeds)) if study is not None and study.repeats > 1 else ()
        return cls(tuple(tasks), tuple(metrics), tuple(seeds), tuple(methods), jobs, scores, planned, turns)

    @property
    def unit(self) -> str:
        """What tests are over, in words."""
        return "studies" if self.studies else "seeds"

    def sampled(self, scores: FloatArray) -> FloatArray:
        """What tests are over: the scores themselves, or the means of the studies that seeds belong to.

        Args:
            scores: (methods, seeds, tasks), NaN for a missing run.
        """
        return study_means(scores, np.array(self.studies)) if self.studies else scores

    def cell(self, method: MethodKey, column: int) -> Cell:
        """A method's score on the task of a column."""
        one = self.scores[method][:, column : column + 1]  # (seeds, 1)
        metric, mine = self.metrics[column], self.jobs.get((method, self.tasks[column].name), {})
        planned, has = self.planned[:, column], np.isfinite(self.scores[method][:, column])
        there, absent = (
            list(itertools.compress(self.seeds, which.tolist())) for which in (has, planned & ~has)
        )
        missing = Counter(mine[seed].reason(metric) if seed in mine else NOT_QUEUED for seed in absent)
        return Cell(
            _finite({name: statistic.of(one)[0] for name, statistic in self.statistics.items()}),
            n=len(there),
            planned=int(planned.sum()),
            missing=dict(missing),
            seeds=tuple(there),
            values=tuple(mine[seed].score(metric) for seed in there),
            jobs=tuple(mine[seed].cell.digest for seed in there),
            collapsed=sum(mine[seed].collapsed for seed in there),
            diverged=sum(mine[seed].diverged for seed in there),
        )

    def survivors(self, method: MethodKey) -> BoolArray:
        """The tasks on which a method is seen by the runs that did not fail alone: (tasks,)."""
        jobs = (self.jobs.get((method, task.name), {}).values() for task in self.tasks)
        return np.array([any(job.dropped for job in mine) for mine in jobs], dtype=np.bool_)

    def failed(self, method: MethodKey) -> tuple[BoolArray, BoolArray]:
        """Which runs failed, and which have ended: (seeds, tasks) each."""
        if method not in self._failed:
            self._failed[method] = self._failures(method)
        return self._failed[method]

    @cached_property
    def _failed(self) -> dict[MethodKey, tuple[BoolArray, BoolArray]]:
        return {}

    def _failures(self, method: MethodKey) -> tuple[BoolArray, BoolArray]:
        found = np.zeros((2, *self.planned.shape), dtype=np.bool_)
        at = {seed: row for row, seed in enumerate(self.seeds)}
        for column, task in enumerate(self.tasks):
            mine = self.jobs.get((method, task.name), {})
            rows, failed = [at[seed] for seed in mine], [job.failed for job in mine.values()]
            found[0][rows, column] = failed
            found[1][rows, column] = [
                bad or bool(job.scores) for bad, job in zip(failed, mine.values(), strict=True)
            ]
        return found[0], found[1]

    def above_chance(self, method: MethodKey, columns: Sequence[int]) -> float:
        """How far the runs of a method that did not fail lie above chance, on average over some tasks.

        NaN where a task has no such run, or its metric no chance level that is known.
        """
        failed, _ = self.failed(method)
        kept = np.where(failed, np.nan, self.scores[method])
        heights = []
        for at in columns:
            there = kept[np.isfinite(kept[:, at]), at]
            guessed = self.tasks[at].chances().get(self.metrics[at], math.nan)
            heights.append(self.sign * (float(there.mean()) - guessed) if len(there) else math.nan)
        return float(np.mean(heights)) if heights else math.nan

    def undone_by(self, better: MethodKey, difference: float, columns: Sequence[int]) -> float | None:
        """The share of failures of a method, beyond those seen, that would take a difference away.

        Args:
            better: the method that is ahead.
            difference: by how much, of either sign.
            columns: the tasks that the difference is the mean of.

        Returns:
            None where its runs exclude so many (95 %), and where nothing is known.
        """
        failed, ended = self.failed(better)
        height = self.above_chance(better, columns)
        return failures.undone_by(difference, height, int(failed.sum()), int(ended.sum()))

    def without_jobs(self) -> Block:
        """The same cells, for none of which there is a job."""
        empty = {method: np.full(self.planned.shape, np.nan) for method in self.methods}
        return replace(self, jobs={}, scores=empty)

    @cached_property
    def measured(self) -> Metric:
        """The metric, where the reader chose one; else one that stands for the tasks' own."""
        return self.tasks[0].measured if self.tasks and self.metrics[0] == self.tasks[0].metric else USUAL

    @property
    def sign(self) -> int:
        """1 where higher scores are better, -1 where lower ones are."""
        return 1 if self.measured.higher else -1

    def merits(self, method: MethodKey) -> FloatArray:
        """The scores, (seeds, tasks), turned so that higher is better."""
        return self.sign * self.scores[method]

    @cached_property
    def statistics(self) -> Mapping[str, Statistic]:
        """What cells say of their scores: name -> statistic."""
        return statistics.available()

    def whole(self, method: MethodKey) -> bool:
        """Whether a method has every seed planned."""
        return bool(np.isfinite(self.scores[method])[self.planned].all())

    @cached_property
    def compared(self) -> tuple[MethodKey, ...]:
        """The methods that have any score."""
        return tuple(m for m in self.methods if np.isfinite(self.scores[m]).any())

    @cached_property
    def shared(self) -> BoolArray:
        """What every compared method has: (seeds, tasks)."""
        if not self.compared:
            return np.zeros(self.planned.shape, dtype=np.bool_)
        return aggregate.shared([self.scores[m] for m in self.compared])

    @cached_property
    def needs_shared(self) -> bool:
        """Whether some compared method lacks the average over everything."""
        return any(not self.whole(method) for method in self.compared)

    def average(self, method: MethodKey) -> Cell:
        """The average over all tasks; empty for a method that is not whole."""
        total = int(self.planned.sum())
        if self.whole(method):
            return self._averaged(self.scores[method], total)
        n = int(np.isfinite(self.scores[method]).sum())
        return Cell(n=n, planned=total, missing=dict(self._missing(method)), reduced=True)

    def shared_average(self, method: MethodKey) -> Cell:
        """The average over what every compared method has; empty for a method that is not compared."""
        total = int(self.planned.sum())
        if method not in self.compared:
            return Cell(planned=total, reduced=True)
        scores = aggregate.only(self.scores[method], self.shared)
        return self._averaged(scores, total)

    def against(self, method: MethodKey, baseline: MethodKey | None) -> Cell:
        """A method's average minus that of the baseline.

        Over everything where both are whole, else over what every compared method has.
        """
        total = int(self.planned.sum())
        if baseline is None or not {method, baseline} <= set(self.compared):
            return Cell(planned=total, reduced=True, applies=baseline is not None)
        both_whole = self.whole(method) and self.whole(baseline)
        average = self.average if both_whole else self.shared_average
        mine, theirs = average(method), average(baseline)
        both = [name for name in mine.statistics if name in theirs.statistics]
        return replace(mine, statistics={n: mine.statistics[n] - theirs.statistics[n] for n in both})

    def drop(self, method: MethodKey, clean: Block) -> Cell:
        """What is lost to the clean run, over the tasks and seeds that both have: a mean of differences.

        The clean scores minus these; where lower is better, these minus the clean ones.
        """
        if clean is self:
            return Cell(applies=False)
        paired = aggregate.difference(clean.merits(method), self.merits(method))
        found = self._averaged(paired, int(self.planned.sum()))
        return replace(found, statistics={n: v for n, v in found.statistics.items() if n == "mean"})

    def _averaged(self, scores: FloatArray, planned: int) -> Cell:
        """The mean over the tasks that have scores, of what each of them comes to."""
        there = aggregate.count(scores) > 0
        present = aggregate.present(scores)
        n = int(np.isfinite(scores).sum())
        levels = {name: statistic for name, statistic in self.statistics.items() if statistic.level}
        return Cell(
            _finite({name: aggregate.average(one.of(present)) for name, one in levels.items()}),
            n=n,
            planned=planned,
            tasks=tuple(task.name for task, has in zip(self.tasks, there, strict=True) if has),
            reduced=n < planned or not bool(there.all()),
        )

    def _missing(self, method: MethodKey) -> Counter[str]:
        cells = [self.cell(method, column) for column in range(len(self.tasks))]
        return sum((Counter(cell.missing) for cell in cells), Counter())


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    """What there is of some statistics."""
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}
