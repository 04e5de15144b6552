"""From the jobs of one setting to a table: a layout's part, filled in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ftbench.domain.study import Study
from ftbench.render.layouts import Measure, Part
from ftbench.render.table import Cell, Column, Group, Row, Section
from ftbench.services.reporting import failed
from ftbench.services.reporting.best import with_best
from ftbench.services.reporting.headings import Blocks, caption_of, columns_of
from ftbench.services.reporting.marks import Marking, marked_groups
from ftbench.services.reporting.notes import notes
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey, Reported, ReportJob, baseline_of, index_of
from ftbench.services.scores.levels import Topped, strictest
from ftbench.services.scores.own import Remarks
from ftbench.services.scores.settings import Setting
from ftbench.stats.family import MEAN


@dataclass(frozen=True)
class TableSubject:
    """What a table is about, beside its jobs.

    Attributes:
        labels: how rows are named.
        titles: how readers see them.
        tasks: what is reported of each task, in the order of the columns.
        baseline: what differences are taken to, as the user named it.
        remarks: what the methods say of their scores.
        topped: the jobs whose seeds were topped up.
        baseline_title: the baseline as readers see it, where no row is of it.
        estimand: what marks are about: ``mean``, ``probability`` or ``two-part``.
    """

    labels: Mapping[MethodKey, str]
    tasks: Mapping[str, Reported]
    baseline: str
    remarks: Remarks = field(default_factory=dict)
    topped: Sequence[Topped] = ()
    titles: Mapping[MethodKey, str] = field(default_factory=dict)
    baseline_title: str = ""
    estimand: str = MEAN

    def baseline_of(self, methods: Iterable[MethodKey]) -> MethodKey | None:
        """The row of the baseline: the label that was named, else the only row of the method."""
        return baseline_of(self.baseline, self.labels, methods)

    def called(self, baseline: MethodKey | None) -> str:
        """The baseline as readers see it."""
        title = self.baseline_title if baseline is None else self.titles.get(baseline, "")
        return title or self.baseline


def fill_table(
    part: Part, setting: Setting, subject: TableSubject, absent: Sequence[float] = ()
) -> Section | None:
    """The table that a setting's jobs make of a part; None where they have nothing for it.

    Args:
        part: the layout's.
        setting: the jobs.
        subject: what the table is about.
        absent: ratios that no job has: they stand beside the clean runs, as missing.
    """
    ratios = _ratios(part, setting.jobs)
    alone = part.axis is None or bool(absent)
    shown = [job for ratio, jobs in ratios.items() if ratio or alone for job in jobs]
    if not shown:
        return None
    names = {job.cell.task for job in shown}
    tasks = [task for name, task in subject.tasks.items() if name in names]
    methods = list(dict.fromkeys(job.key for job in shown))
    seeds = sorted({job.cell.seed for jobs in ratios.values() for job in jobs})
    indices = {ratio: index_of(jobs) for ratio, jobs in ratios.items()}
    blocks = {
        ratio: [_block(measure, tasks, seeds, methods, index, setting.study) for measure in part.measures]
        for ratio, (index, _) in indices.items()
    }
    blocks |= {ratio: [block.without_jobs() for block in blocks[0.0]] for ratio in absent if ratio}
    baseline = subject.baseline_of(methods)
    called = subject.called(baseline)
    firsts = [found[0] for found in blocks.values()]
    columns = tuple(columns_of(part, blocks, tasks, called, subject.estimand))
    rows = _ordered(methods, baseline, blocks, subject.labels)
    level, why = strictest(subject.topped, (job.cell.digest for job in shown))
    about = Marking(rows, baseline, called, level, subject.estimand, firsts[0].unit)
    beside = failed.failure_cells(firsts, about)
    groups = tuple(
        _group(part, ratio, blocks, baseline, columns, subject, mine)
        for ratio, mine in zip(blocks, beside, strict=True)
    )
    told, pairs = "", None
    if not part.curve:
        groups, told, pairs = marked_groups(groups, firsts, columns, about)
    groups = with_best(groups, list(blocks.values()), columns, rows, level, pairs)
    return Section(
        part=part.name,
        axis=part.axis,
        title=f"{part.title}: {setting.title}",
        caption=(
            *caption_of(part, blocks, called, subject.estimand),
            *setting.recipe_lines(),
            told,
            *failed.told_of_failures(firsts, subject.estimand),
            *why,
        ),
        model=setting.model,
        train_size=setting.train_size,
        changed=setting.changed,
        recipe=setting.common,
        columns=columns,
        groups=groups,
        notes=notes(
            columns,
            groups,
            {ratio: found[0] for ratio, found in blocks.items()},
            lacks_baseline="" if baseline else called,
            twins=sum(twins for _, twins in indices.values()),
        ),
    )


def _ratios(part: Part, jobs: Iterable[ReportJob]) -> dict[float, list[ReportJob]]:
    """The jobs of a part by ratio, ascending; those with another perturbation are left out."""
    found: dict[float, list[ReportJob]] = {}
    for job in jobs:
        changes = job.cell.perturbation.condition.changes
        if not changes:
            found.setdefault(0.0, []).append(job)
        elif len(changes) == 1 and changes[0].axis == part.axis:
            found.setdefault(float(changes[0].value), []).append(job)
    return dict(sorted(found.items()))


def _block(
    measure: Measure,
    tasks: Sequence[Reported],
    seeds: Sequence[int],
    methods: Sequence[MethodKey],
    index: Mapping[tuple[MethodKey, str], Mapping[int, ReportJob]],
    study: Study | None,
) -> Block:
    metrics = [measure.metric or task.metric for task in tasks]
    return Block.of(tasks, metrics, seeds, methods, index, study)


def _shares(blocks: Blocks, at: int) -> bool:
    """Whether a measure needs the average over what every method has."""
    return any(found[at].needs_shared for found in blocks.values())


def _ordered(
    methods: Iterable[MethodKey],
    baseline: MethodKey | None,
    blocks: Blocks,
    labels: Mapping[MethodKey, str],
) -> list[MethodKey]:
    """The baseline, then by average over all ratios: the best first, those without an average last."""

    def place(method: MethodKey) -> tuple[bool, int, float, str]:
        firsts = [found[0] for found in blocks.values()]
        incomplete = sum(not block.whole(method) for block in firsts)
        means = [(b.average if b.whole(method) else b.shared_average)(method).mean for b in firsts]
        there = [mean for mean in means if mean is not None]
        sign = firsts[0].sign
        value = sign * sum(there) / len(there) if there else -math.inf
        return method != baseline, incomplete if there else len(firsts) + 1, -value, labels[method]

    return sorted(methods, key=place)


def _group(
    part: Part,
    ratio: float,
    blocks: Blocks,
    baseline: MethodKey | None,
    columns: Sequence[Column],
    subject: TableSubject,
    beside: Mapping[MethodKey, tuple[Cell, Cell]],
) -> Group:
    failing = any(column.kind == "failed" for column in columns)
    cells = []
    for method, extra in beside.items():
        *found, runs = _cells(part, ratio, blocks, method, baseline, subject.remarks)
        cells.append((*found, *(extra if failing else ()), runs))
    rows = tuple(
        Row(subject.labels[method], method.method, method.values(), found, subject.titles.get(method, ""))
        for method, found in zip(beside, cells, strict=True)
    )
    if part.axis is None:
        return Group("", None, rows)
    group = Group("", ratio, rows, part.percent)
    return replace(group, title=f"{part.axis} {group.shown}")


def _cells(
    part: Part,
    ratio: float,
    blocks: Blocks,
    method: MethodKey,
    baseline: MethodKey | None,
    remarks: Remarks,
) -> Iterator[Cell]:
    """The cells of a row, in the order of the columns."""
    for at, measure in enumerate(part.measures):
        block = blocks[ratio][at]
        for column, task in enumerate(block.tasks):
            yield replace(block.cell(method, column), remark=remarks.get((method, task.name), ""))
        yield block.average(method)
        if _shares(blocks, at):
            yield block.shared_average(method) if block.needs_shared else Cell(applies=False)
        if measure.difference and measure.difference.against == "baseline":
            yield block.against(method, baseline)
        elif measure.difference:
            yield block.drop(method, blocks[0.0][at]) if 0.0 in blocks else Cell(reduced=True)
    yield Cell(applies=False)  # the group, once everything is tested
    first = blocks[ratio][0]
    n, planned = int(np.isfinite(first.scores[method]).sum()), int(first.planned.sum())
    yield Cell(n=n, planned=planned, text=f"{n}/{planned}")
