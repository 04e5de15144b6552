"""Suites as they are listed and shown: their grids, how many jobs, what they will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ftbench import suites, tasks
from ftbench.domain import hparams
from ftbench.domain.job import Job
from ftbench.perturbations import flag
from ftbench.services.planning import costs, suite_grid, suite_plan
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.commands import seeds_text
from ftbench.suites import Panel, Suite
from ftbench.suites.published import cells

_Row = dict[str, Any]


def listed() -> list[_Row]:
    """Every suite: its title and its number of jobs, and the short names."""
    rows = [
        {"name": suite.name, "title": suite.title, "jobs": len(jobs_of(suite, Asked()))}
        for suite in suites.available().values()
    ]
    short = [
        {"name": name, "title": ", ".join(members), "jobs": None}
        for name, members in suites.SHORT_NAMES.items()
    ]
    return [*rows, *short]


def names_suites(name: str) -> bool:
    """Whether a name is that of a suite, or a short one."""
    return name.strip().lower() in {one.lower() for one in names()}


def names() -> tuple[str, ...]:
    """The names of the suites, and the short ones."""
    return (*suites.available(), *suites.SHORT_NAMES)


def card(name: str, asked: Asked, address: str) -> _Row:
    """A suite, or the suites of a short name, under the axes that were given.

    Args:
        name: of the suite.
        asked: what replaces its axes.
        address: of a database, whose measured times the estimate uses; there need be none.
    """
    found = suites.chosen(name)
    changed = [suite_grid.adapted(suite, asked) for suite in found]
    work = {job.digest: job for suite in changed for job in jobs_of(suite, asked)}
    took = costs.estimate(work.values(), costs.measured_seconds(address))
    differs = [f"{s.name}: {phrase}" for s in found for phrase in suite_grid.differs(s, asked)]
    return {
        "name": name.strip(),
        "title": "; ".join(suite.title for suite in changed),
        "grids": [
            f"{flags} --seeds {seeds_text(suite.seeds)}" + (f"   ({block.title})" if block.title else "")
            for suite in changed
            for block in suite.blocks
            for flags in spelled_grids(replace(suite, blocks=(block,)), asked)
        ],
        "protocol": " ".join(suite.protocol for suite in changed),
        "differs": differs,
        "published numbers": sum(len(cells(s.source, s.printed_in)) for s in changed),
        "jobs": len(work),
        "hours": round(took.seconds / 3600, 1),
        "estimate": took.basis,
    }


def spelled_grids(suite: Suite, asked: Asked) -> list[str]:
    """A suite of one block as flags of ``ftbench queue``: a grid for all that has the same settings.

    Lines with settings of their own, a doubled batch among them, and tasks with settings of their own have
    grids of their own.
    """
    (block,) = suite.blocks
    tasks_of: dict[tuple[str, tuple[str, ...]], list[str]] = {}  # method, settings -> tasks
    for cell in suite_grid.wanted_cells(suite, asked):
        settings = tuple(f"{name}={value}" for name, value in hparams.normalise(cell.settings).items())
        tasks_of.setdefault((cell.line.method.text, settings), []).append(cell.task.name)
    every = len(tasks.expand(block.tasks))
    methods_of: dict[tuple[str, tuple[str, ...]], list[str]] = {}  # tasks, settings -> methods
    for (method, settings), named in tasks_of.items():
        names = dict.fromkeys(named)
        text = ",".join(block.tasks if len(names) == every else names)
        methods_of.setdefault((text, settings), []).append(method)
    return [
        _flags(block, ",".join(methods), text, settings) for (text, settings), methods in methods_of.items()
    ]


def _flags(block: Panel, methods: str, named: str, settings: Sequence[str]) -> str:
    changes = sorted(block.change.changes, key=lambda one: one.name)
    pairs = [
        ("--methods", methods),
        ("--tasks", named),
        ("--models", block.model),
        *(flag(one.text) for one in changes),
        ("--evaluate", ",".join(one.text for one in block.evaluate)),
        *(("--set", setting) for setting in settings),
    ]
    return " ".join(f"{name} {text}" for name, text in pairs if text)


def jobs_of(suite: Suite, asked: Asked) -> list[Job]:
    """The jobs of a suite as far as they are known without models and data, each once."""
    found = {}
    for cell in suite_plan.unique(list(suite_grid.wanted_cells(suite, asked))):
        for seed in suite.seeds:
            job = Job(
                model=cell.block.model,
                model_revision="",
                task=cell.task.name,
                data_revision="",
                evaluation=tuple(target.name for target in suite_grid.targets(cell.block)),
                method=cell.method.name,
                hparams=cell.method.hparams,
                seed=seed,
                perturbation=cell.block.change,
                recipe=cell.recipe,
            )
            found[job.digest] = job
    return list(found.values())
