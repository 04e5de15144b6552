"""Runs laid out for a comparison: one block of scores for each setting, and the pairs that it allows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ftbench.domain.study import Study
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey, Reported, ReportJob, index_of, labels
from ftbench.services.scores.levels import Topped, strictest
from ftbench.services.scores.own import OwnMethods
from ftbench.services.scores.settings import Setting, brought, split
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.leaderboard import ALPHA

AVERAGE = "Avg"


@dataclass(frozen=True)
class Compared:
    """The runs of one table's setting.

    Attributes:
        setting: the model, the training rows, what was changed.
        title: the same in words, with the perturbation.
        labels: how each method is named.
        titles: how readers see it.
        block: the scores, by method.
        pairs: the comparisons: left minus right.
        level: below which corrected p are marked; smaller where seeds were topped up.
        said: why it is, and how many runs diverged.
        aside: what is said of jobs that are left out for their code.
    """

    setting: Setting
    title: str
    labels: dict[MethodKey, str]
    block: Block
    pairs: tuple[tuple[MethodKey, MethodKey], ...]
    level: float = ALPHA
    said: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    titles: Mapping[MethodKey, str] = field(default_factory=dict)

    def shown(self, method: MethodKey) -> str:
        """A method as readers see it."""
        return self.titles.get(method) or self.labels[method]

    def names(self, left: MethodKey, right: MethodKey) -> dict[str, str]:
        """A comparison in words, by names and as readers see it."""
        return {
            "comparison": f"{self.labels[left]} − {self.labels[right]}",
            "comparison_title": f"{self.shown(left)} − {self.shown(right)}",
        }

    def columns(self, left: MethodKey, right: MethodKey) -> Iterator[tuple[str, FloatArray, FloatArray]]:
        """Title and scores of two methods on each task; then their averages, of several tasks.

        Scores are (seeds,), or (studies,) the means of each study's runs.
        """
        scores = np.stack([self.block.scores[left], self.block.scores[right]])
        mine, theirs = self.block.sampled(scores)  # (seeds or studies, tasks)
        for at, task in enumerate(self.block.tasks):
            yield task.title, mine[:, at], theirs[:, at]
        if len(self.block.tasks) > 1:
            yield AVERAGE, mine.mean(axis=1), theirs.mean(axis=1)  # NaN where a task is missing


def arranged(
    jobs: Sequence[ReportJob],
    tasks: Mapping[str, Reported],
    order: Sequence[MethodKey],
    own: OwnMethods,
    condition: str,
    topped: Sequence[Topped] = (),
    study: Study | None = None,
) -> Iterator[Compared]:
    """Jobs of one perturbation by setting; the pairs are those of which both have scores.

    Args:
        jobs: the runs.
        tasks: what is reported of each, in the order of the columns.
        order: the methods.
        own: the methods that are not installed.
        condition: what titles say of the perturbation.
        topped: the jobs whose seeds were topped up.
        study: whose choices the jobs were trained with.
    """
    named = labels(jobs)
    for setting in split(jobs, brought(own)):
        there = {job.cell.task for job in setting.jobs}
        keys = {job.key for job in setting.jobs}
        block = _block(
            [task for name, task in tasks.items() if name in there],
            [key for key in order if key in keys],
            setting.jobs,
            study,
        )
        pairs = tuple(itertools.combinations(block.compared, 2))
        level, said = strictest(topped, (job.cell.digest for job in setting.jobs))
        if lost := sum(job.diverged for job in setting.jobs):
            said += (f"Diverged runs: {lost}; they score the chance level of their metric.",)
        yield Compared(setting, setting.title + condition, named, block, pairs, level, said)


def _block(
    tasks: Sequence[Reported], methods: Sequence[MethodKey], jobs: Iterable[ReportJob], study: Study | None
) -> Block:
    rows = list(jobs)
    index, _ = index_of(rows)
    seeds = sorted({job.cell.seed for job in rows})
    return Block.of(tasks, [task.metric for task in tasks], seeds, methods, index, study)
