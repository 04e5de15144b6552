"""Differences that papers print beside scores: of averages, of single columns; described, not tested."""

from __future__ import annotations

from collections.abc import Sequence

from ftbench.domain.target import Target
from ftbench.perturbations import titled
from ftbench.render.suite_table import SuiteCell
from ftbench.render.table import Cell
from ftbench.services.papers import cells as suite_cells
from ftbench.services.papers import layout
from ftbench.services.papers.layout import Place
from ftbench.suites import Line, Panel, Suite
from ftbench.suites.published import AVERAGE, printed_differences


def is_drop(suite: Suite, block: Panel) -> bool:
    """Whether the clean run minus a block's is shown; where another metric stands first, a gain is."""
    changes = block.change.condition.changes
    return suite.difference == "clean" and any(not titled(one.name).metric for one in changes)


def of_averages(
    suite: Suite,
    block: Panel,
    line: Line,
    places: Sequence[Place],
    row: Sequence[Cell],
    other: list[Cell] | None,
) -> SuiteCell:
    """The average minus vanilla's, or the clean run's minus this one; described, not tested."""
    drop = is_drop(suite, block)
    alone = suite.difference == "clean" and not block.change.condition.changes
    if other is None or other is row or alone:
        return SuiteCell(applies=False)
    mine, theirs = (
        suite_cells.averaged_cell([c for c, p in zip(cells, places, strict=True) if p.averaged], ())
        for cells in (row, other)
    )
    kind = "drop_vs_T2" if drop else "gain_vs_vanilla" if suite.difference == "clean" else "delta_mean"
    pair = (theirs, mine) if drop else (mine, theirs)
    return _difference(suite, block, line, pair, kind, AVERAGE)


def of_column(
    suite: Suite, block: Panel, line: Line, at: int, row: Sequence[Cell], base: Sequence[Cell] | None
) -> SuiteCell:
    """One column's mean minus vanilla's, where the paper's text prints that."""
    if base is None or base is row:
        return SuiteCell(applies=False)
    task = Target.of(layout.printed_places(block)[at].evaluation).task
    return _difference(suite, block, line, (row[at], base[at]), "gain_vs_vanilla", task)


def _difference(
    suite: Suite, block: Panel, line: Line, pair: tuple[Cell, Cell], kind: str, task: str
) -> SuiteCell:
    """The first mean of a pair minus the second, beside the printed difference."""
    left, right = pair
    mean = None if left.mean is None or right.mean is None else left.mean - right.mean
    values = [
        one.value
        for one in printed_differences()
        if (one.source, one.exhibit, one.statistic) == (suite.source, suite.printed_in, kind)
        and (one.model, one.method) == (block.printed_model or block.model, line.name)
        and (one.task, one.setting) == (task, line.setting or block.setting)
    ]
    cell = Cell({} if mean is None else {"mean": mean}, n=min(left.n, right.n), planned=left.planned)
    return SuiteCell(cell, {"mean": values[0]} if values else {})
