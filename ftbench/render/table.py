"""Report: a table as data, between the arithmetic that fills it and the renderers that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftbench.render.tested import FailureRate, Tested

TEXTS = ("group", "failed", "runs", "text")
"""Kinds of columns whose cells hold text."""

SHARED = "average_shared"
"""The key of an average over the runs that all methods with a score have."""

OWN = "own"
"""The measure of the tasks' own metrics, where it stands beside that of another one."""

COUNTED = ("score", "estimate")
"""Kinds of columns whose every cell says how many seeds it is over."""

PENDING = ("queued", "running")
"""Why a score is missing, where it will still come; every other reason stays until somebody acts."""
NOT_QUEUED = "not queued"
"""Why a score is missing of which there is no job."""

BETTER, WORSE = "▲", "▼"
NOT_COMPARED = "n/c"
"""Stands where a comparison could have been, and there is no test."""
SURVIVORS = "average_not_failed"
"""The key of an average over the runs that did not fail."""


@dataclass(frozen=True)
class Cell:
    """One cell: the scores behind it, and what they come to; fractions throughout.

    Attributes:
        statistics: name -> what it comes to over the seeds that have a score (an average or difference: over
            tasks, of each task's); those that there are none of are left out.
        n: the seeds that have a score (an average or difference: the scores that it is over).
        planned: the seeds that the grid has: those queued for this task by any method of the table.
        missing: reason -> number of missing scores: ``queued``, ``running``, ``failed``, ``diverged``,
            ``cancelled``, ``not queued``, ``no score``.
        seeds: the seeds that have a score, ascending; empty for an average or difference.
        values: their scores, in this order.
        jobs: their jobs' digests, in this order.
        tasks: an average or difference: the tasks it is over.
        reduced: an average or difference over fewer scores than the grid has.
        applies: False where the cell has no meaning, such as the drop of the clean run.
        best: the statistics by which it is the best of its column, or cannot be told from the best.
        remark: what the method says of its scores on the task; "" for nothing.
        collapsed: how many of the scores are of runs that collapsed.
        diverged: how many stand for runs that diverged: the chance level of the metric.
        tested: its difference to the baseline; None where that is not tested.
        untested: why a difference that the table is about has no test; "" for others. Of a group: why the
            method has no letter.
        failed: how often the method's runs failed, in the column about it.
        text: what stands there instead of numbers.
        low: of the 95 % interval of an estimate; None where there is none.
        high: likewise.
    """

    statistics: Mapping[str, float] = field(default_factory=dict)
    n: int = 0
    planned: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    jobs: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    reduced: bool = False
    applies: bool = True
    best: tuple[str, ...] = ()
    remark: str = ""
    collapsed: int = 0
    diverged: int = 0
    tested: Tested | None = None
    untested: str = ""
    failed: FailureRate | None = None
    text: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def mean(self) -> float | None:
        """What stands for the cell where one number does: in orders, differences, plots; None without it."""
        return self.statistics.get("mean")

    @property
    def complete(self) -> bool:
        """Whether every seed of the grid has its score."""
        return 0 < self.n == self.planned

    @property
    def mark(self) -> str:
        """``…`` for scores that will still come, ``!`` for scores that will not come by themselves."""
        pending = "…" if any(self.missing.get(reason) for reason in PENDING) else ""
        lost = "!" if any(k for reason, k in self.missing.items() if reason not in PENDING) else ""
        return pending + lost


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        key: what it is of: the task, ``average``, ``average_shared``, ``average_not_failed``, ``difference``
            (with ``--estimand probability`` it is P(A > B)); of a curve ``slope``,
            ``area``, ``below``, ``slope_difference``; ``group``, ``runs``.
        kind: ``score``, ``average`` or ``difference``; ``estimate`` (of a whole curve, with an interval);
            ``group`` (the letters of the methods that cannot be told apart), ``failed`` (runs that failed of
            those that ended), ``runs`` (scores there of those queued) and ``text`` hold words.
        title: the heading: the task as papers print it.
        subtitle: below it: the metric.
        show: the statistics to show, and ``interval``.
        signed: whether positive numbers get a plus sign.
        task: the task of a score.
        evaluation: the evaluation set that was scored.
        metric: the metric, as stored.
        measure: the block of columns that it belongs to: "" for the first of the table, ``own`` for that of
            the tasks' own metrics beside another one.
        compared: an estimate: whether the baseline's scores are behind it, too.
        against: what a difference is taken to: the ``baseline``, or the method's own ``clean`` run.
        fraction: whether its numbers are shown × 100; else in the metric's own unit.
        higher: whether higher scores are better.
    """

    key: str
    kind: str
    title: str
    subtitle: str = ""
    show: tuple[str, ...] = ("mean",)
    signed: bool = False
    task: str | None = None
    evaluation: str | None = None
    metric: str | None = None
    measure: str = ""
    compared: bool = False
    against: str = "baseline"
    fraction: bool = True
    higher: bool = True

    @property
    def name(self) -> str:
        """What machines and commands call it, within its section: ``rte``, ``rte:own``."""
        return f"{self.key}:{self.measure}" if self.measure else self.key


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        label: the method as it is typed: ``bidrop[k=3]``.
        method: the method's name.
        hparams: all its hyper-parameters.
        cells: one for each column of the section.
        title: the method as readers see it: ``Bi-Drop (k=3)``; "": as its label.
    """

    label: str
    method: str
    hparams: Mapping[str, Any]
    cells: tuple[Cell, ...]
    title: str = ""

    @property
    def shown(self) -> str:
        """What tables print for it."""
        return self.title or self.label


@dataclass(frozen=True)
class Group:
    """The rows of one ratio; a table without ratios has a single group.

    Attributes:
        title: such as ``noise 5 %``, or "".
        ratio: as a fraction; None in a table without ratios.
        rows: the methods, in the order to show them.
        percent: whether the ratio is shown × 100.
    """

    title: str
    ratio: float | None
    rows: tuple[Row, ...]
    percent: bool = True

    @property
    def number(self) -> float:
        """The ratio as it is shown; 0 in a table without ratios."""
        return (self.ratio or 0.0) * (100 if self.percent else 1)

    @property
    def shown(self) -> str:
        """The ratio in words: ``10 %``."""
        return f"{self.number:g} %" if self.percent else f"{self.number:g}"

    def named(self, name: str) -> Row | None:
        """The row of a method as a user named it: with this label, else the only one of the method."""
        labelled = [row for row in self.rows if row.label == name]
        same = [row for row in self.rows if row.method == name]
        return labelled[0] if labelled else same[0] if len(same) == 1 else None


@dataclass(frozen=True)
class Section:
    """One table: one model, one size of the training set, one recipe.

    Attributes:
        part: the layout's part that it fills: ``main``, ``noise``, ``reduction``, ….
        axis: the perturbation whose ratios make the groups; None in a table without ratios.
        title: what it shows, of which model and setting.
        caption: what its cells are; then how to read it, a paragraph each, for the note below it.
        model: the model's id.
        train_size: the rows trained on; None for all.
        changed: the recipe settings that were changed by hand.
        recipe: the settings that all its jobs share.
        columns: the columns.
        groups: the rows.
        notes: what is missing and what differs, a line each.
        basis: the scores that its estimates come from, as a table by ratio; None where it has none.
    """

    part: str
    axis: str | None
    title: str
    caption: tuple[str, ...]
    model: str
    train_size: int | None
    changed: Mapping[str, Any]
    recipe: Mapping[str, Any]
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    basis: Section | None = None

    @property
    def scores(self) -> Section:
        """The table with the scores behind every number."""
        return self.basis or self


@dataclass(frozen=True)
class Report:
    """All the tables of one report.

    Attributes:
        table: the layout's name: ``main``, ``robustness``, ``curves``.
        baseline: the label or name of the method that differences are taken to.
        sections: the tables.
        notes: what concerns no single table, a line each.
        known: every method of the database with its hyper-parameters as JSON, in the order in which they were
            queued: what plots give their looks by.
    """

    table: str
    baseline: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    known: tuple[tuple[str, str], ...] = ()
