"""The best of each column, and all that cannot be told from it: what tables print in bold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ftbench.render.table import SHARED, Cell, Column, Group
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey
from ftbench.stats import aggregate, statistics
from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.best import apart_from_best

MEAN = "mean"


def with_best(
    groups: Sequence[Group],
    blocks: Sequence[Sequence[Block]],
    columns: Sequence[Column],
    methods: Sequence[MethodKey],
    level: float,
    pairs: FloatArray | None = None,
) -> tuple[Group, ...]:
    """The rows with the best cells marked, as the table shows the numbers.

    Of means also those that cannot be told from the best, by the tests behind the groups' letters where the
    column is the average that these are about; of other statistics the best alone. Cells that lack seeds do
    not compete, and where there is a single seed nothing does.

    Args:
        groups: the rows, by ratio.
        blocks: the measures, by ratio.
        columns: of the table.
        methods: the rows' methods.
        level: below which p tell two methods apart.
        pairs: (ratios, methods, methods) p of the averages' pairs; None: these have no letters.
    """
    result = []
    for at, (group, measures) in enumerate(zip(groups, blocks, strict=True)):
        rows = [list(row.cells) for row in group.rows]
        survived = [bool(measures[0].survivors(method).any()) for method in methods]
        lettered = None if pairs is None else pairs[at]
        for place, (block, used) in _places(columns, measures):
            column, own = columns[place], lettered if columns[place].key == "average" else None
            own = own if block is measures[0] else None
            competing = column.key == SHARED and not any(survived)
            for statistic in (name for name in column.show if statistics.find(name).level):
                values = np.array([_comparable(row[place], statistic, competing) for row in rows])
                scores = _scores(block, methods, column)
                for row, best in zip(
                    rows, _best(values, scores, used, level, own, statistic == MEAN), strict=True
                ):
                    if best:
                        row[place] = replace(row[place], best=(*row[place].best, statistic))
        kept = (replace(row, cells=tuple(cells)) for row, cells in zip(group.rows, rows, strict=True))
        result.append(replace(group, rows=tuple(kept)))
    return tuple(result)


def _places(
    columns: Sequence[Column], measures: Sequence[Block]
) -> Iterator[tuple[int, tuple[Block, BoolArray]]]:
    """The columns that have a best: where each stands, its measure, and the tasks that it is over."""
    known = list(dict.fromkeys(column.measure for column in columns))
    tasks = dict.fromkeys(known, 0)
    for at, column in enumerate(columns):
        if column.kind not in ("score", "average"):
            continue
        block = measures[known.index(column.measure)]
        used: BoolArray = np.asarray(block.planned.any(axis=0))
        if column.kind == "score":
            used = np.asarray(np.arange(len(block.tasks)) == tasks[column.measure])
            tasks[column.measure] += 1
        elif column.key == SHARED:
            used = np.asarray(block.shared.any(axis=0))
        yield at, (block, used)


def _scores(block: Block, methods: Sequence[MethodKey], column: Column) -> FloatArray:
    """What a column is over: (methods, seeds or studies, tasks)."""
    scores = np.stack([block.scores[method] for method in methods])
    return block.sampled(aggregate.only(scores, block.shared) if column.key == SHARED else scores)


def _best(
    values: FloatArray,
    scores: FloatArray,
    used: BoolArray,
    level: float,
    pairs: FloatArray | None,
    tested: bool,
) -> BoolArray:
    """Which rows are the best or, where that is tested, cannot be told from it: (methods,)."""
    there = np.isfinite(values)
    if there.sum() < 2 or (np.isfinite(scores).any(axis=(0, 2)).sum() < 2):
        return np.zeros(len(values), dtype=np.bool_)
    first: BoolArray = there & (values == np.nanmax(values))
    if not tested:
        return first
    at, among = int(first.argmax()), np.flatnonzero(there)
    p = np.full(len(values), math.nan)
    if pairs is not None and np.isfinite(pairs[at, among]).all():
        p = pairs[at]
    elif used.any():
        p[among] = apart_from_best(scores[among], used, int(np.flatnonzero(among == at)[0]))
    told = np.nan_to_num(p, nan=1.0) < level
    return np.asarray(first | (there & ~told), dtype=np.bool_)


def _comparable(cell: Cell, statistic: str, same_runs: bool) -> float:
    """What is compared, at the precision shown: complete cells, or those over the same runs."""
    value = cell.statistics.get(statistic)
    return round(100 * value, 2) if value is not None and (cell.complete or same_runs) else math.nan
