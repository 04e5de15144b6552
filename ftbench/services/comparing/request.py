"""What a comparison was asked for, and the runs that it is about."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ftbench.db import open_database
from ftbench.domain import axes
from ftbench.errors import BadValue, FtbenchError, UnknownName, UsageError
from ftbench.services.reporting import build
from ftbench.services.reporting.tables import index_of
from ftbench.services.scores import levels
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey, Reported, ReportJob, join, labels, reported
from ftbench.services.scores.levels import Topped, strictest
from ftbench.services.scores.selection import Request
from ftbench.services.scores.settings import Setting, brought, split
from ftbench.settings import sqlite_path
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import CORRECTIONS
from ftbench.stats.leaderboard import ALPHA

AVERAGE = "Avg"
TESTS = {"t": "paired t", "wilcoxon": "Wilcoxon", "sign-flip": "sign-flip"}


@dataclass(frozen=True)
class CompareRequest:
    """The flags, as they were given.

    Attributes:
        methods: names or labels, two at least.
        models: only these.
        tasks: only these.
        noise: the ratio of wrong labels of the compared runs.
        reduction: the ratio by which label 1 is reduced in them.
        test: whose p are corrected and marked: ``t``, ``wilcoxon`` or ``sign-flip``.
        correction: ``holm``, ``bh`` or ``none``.
        region: half the region of practical equivalence, as a fraction.
        examples: whether predictions are compared too.
        data_dir: the folder with the data sets, for their labels.
    """

    methods: tuple[str, ...]
    models: str | None = None
    tasks: str | None = None
    noise: float = 0.0
    reduction: float = 0.0
    test: str = "t"
    correction: str = "holm"
    region: float = 0.01
    examples: bool = False
    data_dir: str | None = None

    def check(self) -> None:
        """Refuse what no comparison can be.

        Raises:
            UsageError: fewer than two methods, an unknown test or correction, a ratio or a region outside
                [0, 1).
        """
        if len({name.strip() for name in self.methods} - {""}) < 2:
            raise UsageError("compare needs two methods or more, such as: ftbench compare bidrop vanilla")
        if self.test not in TESTS:
            raise UnknownName("test", self.test, TESTS)
        if self.correction not in CORRECTIONS:
            raise UnknownName("correction", self.correction, CORRECTIONS)
        for name, ratio in (("noise", self.noise), ("reduction", self.reduction)):
            if not 0 <= ratio < 1:
                raise BadValue(f"{name} {ratio:g} is outside [0, 1)")
        if not 0 <= self.region < 1:
            raise BadValue(f"region {100 * self.region:g}: give points from 0 to below 100")


@dataclass(frozen=True)
class Compared:
    """The runs of one table's setting.

    Attributes:
        setting: the model, the training rows, what was changed.
        title: the same in words, with the perturbation.
        labels: how each method is named.
        block: the scores, by method.
        pairs: the comparisons: left minus right.
        level: below which corrected p are marked; smaller where seeds were topped up.
        said: why it is.
    """

    setting: Setting
    title: str
    labels: dict[MethodKey, str]
    block: Block
    pairs: tuple[tuple[MethodKey, MethodKey], ...]
    level: float = ALPHA
    said: tuple[str, ...] = ()

    def columns(self, left: MethodKey, right: MethodKey) -> Iterator[tuple[str, FloatArray, FloatArray]]:
        """Title and scores (seeds,) of two methods on each task; then their averages, of several tasks."""
        mine, theirs = self.block.scores[left], self.block.scores[right]  # (seeds, tasks)
        for at, task in enumerate(self.block.tasks):
            yield task.title, mine[:, at], theirs[:, at]
        if len(self.block.tasks) > 1:
            yield AVERAGE, mine.mean(axis=1), theirs.mean(axis=1)  # NaN where a task is missing


def find(address: str, request: CompareRequest) -> list[Compared]:
    """The runs of a database that a comparison is about.

    Raises:
        UnknownName: a method, model or task that nothing carries.
        FtbenchError: no database, or nothing to compare in it.
    """
    request.check()
    path = sqlite_path(address)
    if path is not None and not path.exists():
        raise FtbenchError(f"there is no database '{address}'; make and fill it with: ftbench queue")
    asked = Request(
        models=request.models,
        tasks=request.tasks,
        methods=",".join(request.methods),
        baseline=request.methods[0],
    )
    with open_database(address, write=False) as database:
        cells = database.results.cells()
        asked.check(cells)
        chosen = [
            cell
            for cell in asked.lets_through(cells)
            if (cell.noise, cell.reduction) == (request.noise, request.reduction)
        ]
        scores = database.results.values(build.roughly(chosen, cells))
        plugins = build.plugins_of(database, chosen)
        topped = levels.topped(database)
    shown = reported(build.in_order([c.task for c in chosen], asked.task_names()), chosen, scores)
    jobs, condition = join(chosen, scores, shown), condition_title(request.noise, request.reduction)
    order = _order(labels(jobs), request.methods)
    found = [one for one in arranged(jobs, shown, order, plugins, condition, topped) if one.pairs]
    if not found:
        wanted = ", ".join(request.methods)
        raise FtbenchError(f"no scores of two of these methods under one setting: {wanted}{condition}")
    return found


def arranged(
    jobs: Sequence[ReportJob],
    tasks: Mapping[str, Reported],
    order: Sequence[MethodKey],
    plugins: Mapping[str, Sequence[str]],
    condition: str,
    topped: Sequence[Topped] = (),
) -> Iterator[Compared]:
    """Jobs of one perturbation by setting; the pairs are those of which both have scores.

    Args:
        jobs: the runs.
        tasks: what is reported of each, in the order of the columns.
        order: the methods.
        plugins: method -> the files that it may come from.
        condition: what titles say of the perturbation.
        topped: the jobs whose seeds were topped up.
    """
    named = labels(jobs)
    for setting in split(jobs, brought(plugins)):
        there = {job.cell.task for job in setting.jobs}
        keys = {job.key for job in setting.jobs}
        block = _block(
            [task for name, task in tasks.items() if name in there],
            [key for key in order if key in keys],
            setting.jobs,
        )
        pairs = tuple(itertools.combinations(block.compared, 2))
        level, said = strictest(topped, (job.cell.digest for job in setting.jobs))
        yield Compared(setting, setting.title + condition, named, block, pairs, level, said)


def _order(named: dict[MethodKey, str], wanted: Sequence[str]) -> list[MethodKey]:
    """The methods in the order asked for."""
    asked = list(wanted)

    def place(key: MethodKey) -> int:
        exact = [at for at, text in enumerate(asked) if text == named[key]]
        same = [at for at, choice in enumerate(axes.methods(",".join(asked))) if choice.name == key.method]
        return min(exact or same or [len(asked)])

    return sorted(named, key=place)


def _block(tasks: Sequence[Reported], methods: Sequence[MethodKey], jobs: Iterable[ReportJob]) -> Block:
    rows = list(jobs)
    index, _ = index_of(rows)
    seeds = sorted({job.cell.seed for job in rows})
    return Block.of(tasks, [task.metric for task in tasks], seeds, methods, index)


def condition_title(noise: float, reduction: float) -> str:
    """What a title says of a perturbation."""
    changes = {"noise": noise, "reduction": reduction}
    return "".join(f" · {name} {100 * ratio:g} %" for name, ratio in changes.items() if ratio)
