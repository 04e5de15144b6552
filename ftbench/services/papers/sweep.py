"""A suite over its conditions, for a plot: every method's runs, and the printed means beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ftbench.db import Database
from ftbench.errors import NothingToReport, UsageError
from ftbench.render.suite_table import SuiteCell, SuiteHead, SuiteReport
from ftbench.services.papers import report
from ftbench.services.papers.report import AVG, DELTA
from ftbench.services.papers.request import SuiteRequest
from ftbench.suites import TIME, find

if TYPE_CHECKING:
    from ftbench.render.plots.theme import Plot

ConditionCell = tuple[str, SuiteHead, str, str, SuiteCell]
"""Condition, method, task, metric, cell."""


def draw_conditions(address: str, database: Database | None, request: SuiteRequest) -> Plot:
    """The runs of a suite's methods under each of its conditions, such as sizes of the sub-network.

    Args:
        address: of the database.
        database: whose jobs; None where there is none.
        request: which suite; a short name stands for several, and is not taken.

    Raises:
        UsageError: an unknown name, or a suite about time or with one condition.
        NothingToReport: none of its runs has a score.
        FtbenchError: the plotting packages are missing.
    """
    from ftbench.render.plots import theme

    theme.load_plotting()
    suite = find(request.name)
    if suite.kind == TIME or len(suite.blocks) == 1:
        told = "is about time" if suite.kind == TIME else "has one condition"
        raise UsageError(f"--suite {suite.name} {told}: there is nothing to sweep over")
    (table,) = report.suite_reports(address, database, request)
    return drawn(table, suite.transposed)


def drawn(table: SuiteReport, transposed: bool) -> Plot:
    """A table's runs over its conditions.

    Args:
        table: of a suite with several.
        transposed: whether its columns are methods.

    Raises:
        NothingToReport: none of its runs has a score.
    """
    import pandas as pd

    from ftbench.render.plots import sweeps
    from ftbench.render.plots.looks import assigned

    entries = list(_entries(table, transposed))
    runs = [
        {"place": place, "label": method.title, "task": task, "metric": metric, "value": value}
        for place, method, task, metric, cell in entries
        for value in cell.measured.values
    ]
    if not runs:
        raise NothingToReport(
            f"{table.name}: no run has a score; `ftbench report --suite {table.name}` says what is missing"
        )
    printed = [
        {"place": place, "label": method.title, "task": task, "value": cell.printed["mean"]}
        for place, method, task, _, cell in entries
        if "mean" in cell.printed and cell.measured.values
    ]
    order = list(dict.fromkeys(place for place, *_ in entries))
    theirs = pd.DataFrame(printed) if printed else None
    told = "The runs of each method under each condition."
    heads = {method.title: method.key for _, method, *_ in entries}
    found = assigned((key, title) for title, key in heads.items())  # two lines may be of one method
    looks = {title: found[key, title] for title, key in heads.items()}
    return sweeps.sweep_of_several(pd.DataFrame(runs), order, "", table.title, told, looks, theirs)


def _entries(table: SuiteReport, transposed: bool) -> Iterator[ConditionCell]:
    """The cells of single tasks, or sets that are scored; averages and differences follow from them."""
    for section in table.sections:
        for group in section.groups:
            for row in group.rows:
                for head, cell in zip(section.columns, row.cells, strict=True):
                    method, task = (head, row.head) if transposed else (row.head, head)
                    if task.key not in (AVG.key, DELTA.key):
                        yield group.title, method, task.title, task.subtitle, cell
