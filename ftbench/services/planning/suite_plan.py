"""The plan of a suite: its jobs, what they take, and how many of them a budget of hours allows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ftbench import suites
from ftbench.domain import axes, plan
from ftbench.services.planning import finding, suite_grid
from ftbench.services.planning.suite_grid import Wanted

if TYPE_CHECKING:
    from ftbench.services.planning.queue import Request


def make(request: Request, find: finding.Finder) -> plan.Plan:
    """The jobs of a suite, or of the suites of a short name: seeds outermost, each job once.

    Raises:
        UsageError: an override that leaves nothing, or a name that does not exist.
        FtbenchError: data or a model that cannot be found.
    """
    grids: list[plan.Grid] = []
    for one in suites.chosen(request.suite or ""):
        suite = suite_grid.adapted(one, request)
        wanted = unique(list(suite_grid.cells(suite, request)))
        cells = [_grid(cell, find) for cell in wanted]
        grids += [replace(cell, seeds=(seed,)) for seed in axes.seeds(suite.seeds) for cell in cells]
    return plan.expand(grids)


def unique(cells: list[Wanted]) -> list[Wanted]:
    """The cells, each piece of work once."""
    found: dict[object, Wanted] = {}
    for cell in cells:
        found.setdefault(cell.key, cell)
    return list(found.values())


def _grid(cell: Wanted, find: finding.Finder) -> plan.Grid:
    return plan.Grid(
        models=(find.model(cell.block.model),),
        tasks=(find.scored_on(cell.task, suite_grid.targets(cell.block)),),
        methods=(cell.method,),
        seeds=(),
        perturbations=(cell.change,),
        settings=cell.settings,
    )
