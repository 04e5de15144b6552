"""The plan of a suite: its jobs, what they take, and how many of them a budget of hours allows."""

from __future__ import annotations

from dataclasses import replace

from ftbench import suites, trust
from ftbench.domain import plan
from ftbench.perturbations import PluginFiles, files_named, grid_of
from ftbench.services.planning import lookup, suite_grid
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.suite_grid import Wanted


def plan_suite(name: str, asked: Asked, find: lookup.Finder) -> plan.Plan:
    """The jobs of a suite, or of the suites of a short name: seeds outermost, each job once.

    Args:
        name: of the suite or suites.
        asked: the axes that were given beside it.
        find: finds models and data.

    Raises:
        UsageError: an override that leaves nothing, or a name that does not exist.
        FtbenchError: data or a model that cannot be found.
    """
    grids: list[plan.Grid] = []
    for one in suites.chosen(name):
        suite = suite_grid.adapted(one, asked)
        wanted = unique(list(suite_grid.wanted_cells(suite, asked)))
        files = files_named(asked.perturb)
        for file in files.values():
            trust.name(file)
        cells = [_grid(cell, find, files) for cell in wanted]
        grids += [replace(cell, seeds=(seed,)) for seed in suite.seeds for cell in cells]
    return plan.crossed(grids)


def unique(cells: list[Wanted]) -> list[Wanted]:
    """The cells, each piece of work once."""
    found: dict[object, Wanted] = {}
    for cell in cells:
        found.setdefault(cell.key, cell)
    return list(found.values())


def _grid(cell: Wanted, find: lookup.Finder, files: PluginFiles) -> plan.Grid:
    return plan.Grid(
        models=(find.model(cell.block.model),),
        tasks=(find.scored_on(cell.task, suite_grid.targets(cell.block)),),
        methods=(cell.method,),
        seeds=(),
        perturbations=(grid_of(cell.block.change, files),),
        settings=(cell.settings,),
    )
