"""The page of a report: what is behind its numbers, and its plots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ftbench.db import Database, JobFilter, open_database
from ftbench.errors import FtbenchError
from ftbench.reports import html
from ftbench.reports.table import Cell, Report, Section
from ftbench.services.again import command

TOOK = ("seconds", "memory, MB", "worker")
#: What a job's provenance says of it alone; the rest is shared by many.
OWN = frozenset({"seconds", "wall_seconds", "peak_memory_mb", "worker", "digests", "runs"})
#: Jobs whose learning curves are drawn; of more, reading them would take longer than the rest of the report.
CURVES = 2000


def page(address: str, report: Report) -> str:
    """The page; with plots where their packages are installed.

    Raises:
        DatabaseError: the database cannot be read.
    """
    cells = [cell for section in report.sections for cell in _score_cells(section.scores)]
    wanted = {digest for cell in cells for digest in cell.jobs}
    firsts = tuple(cell.jobs[0] for cell in cells if cell.jobs)
    with open_database(address, write=False) as database:
        facts = database.results.provenances(wanted)
        queued = _commands(database, cells, firsts)
    jobs, surroundings = _took(facts)
    figures, script = _figures(address, report, facts)
    return html.render(report, html.Details(jobs, TOOK, surroundings, queued, figures, script))


def _score_cells(section: Section) -> Iterator[Cell]:
    for group in section.groups:
        for row in group.rows:
            for column, cell in zip(section.columns, row.cells, strict=True):
                if column.kind == "score":
                    yield cell


def _commands(database: Database, cells: Iterable[Cell], firsts: tuple[str, ...]) -> dict[str, list[str]]:
    """The command of each cell: its jobs differ in their seed only, so that the first tells the others."""
    rows = {job.digest: job for job in database.jobs.list(JobFilter(digests=firsts or ("",)))}
    return {
        cell.jobs[0]: [command(rows[cell.jobs[0]].spec, rows[cell.jobs[0]].places, cell.seeds)]
        for cell in cells
        if cell.jobs and cell.jobs[0] in rows
    }


def _took(facts: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, list[Any]], list[dict[str, str]]]:
    """What each job took, and what jobs ran with, each surroundings once."""
    jobs: dict[str, list[Any]] = {}
    known: dict[str, int] = {}
    for digest, found in facts.items():
        shared = {name: value for name, value in found.items() if name not in OWN}
        at = known.setdefault(json.dumps(shared, sort_keys=True), len(known))
        seconds = found.get("wall_seconds")
        jobs[digest] = [
            None if seconds is None else round(seconds, 1),
            found.get("peak_memory_mb"),
            found.get("worker"),
            at,
        ]
    return jobs, [{name: str(value) for name, value in json.loads(text).items()} for text in known]


def _figures(
    address: str, report: Report, facts: Mapping[str, Mapping[str, Any]]
) -> tuple[list[list[html.Figure]], str]:
    """The plots of each table, and the library that shows them; nothing where it is not installed."""
    from ftbench.reports.plots import theme

    try:
        theme.load()
    except FtbenchError:
        return [], ""
    from ftbench.reports.plots import embedded

    figures = [list(_figures_of(address, section, facts)) for section in report.sections]
    return figures, embedded() if any(figures) else ""


def _figures_of(
    address: str, section: Section, facts: Mapping[str, Mapping[str, Any]]
) -> Iterator[html.Figure]:
    from ftbench.reports import tidy
    from ftbench.reports.plots import cost, curves, ranks, spread
    from ftbench.services.plots import with_costs, with_losses, with_ranks

    scores, title = section.scores, section.title
    frame = tidy.scores(scores)
    if frame.empty:
        return
    if scores.axis:
        yield html.Figure("Robustness", curves.robustness(frame, title, scores.axis))
        return
    yield html.Figure("Runs", spread.strip(frame, title))
    costs = with_costs(facts, frame)
    if costs["training_seconds"].notna().any():
        yield html.Figure("Cost", cost.cost(costs, title))
    found, critical = with_ranks(frame)
    if len(found) > 1 and frame["task"].nunique() > 1:
        yield html.Figure("Ranks", ranks.ranks(frame, title, found, critical))
    if frame["job"].nunique() <= CURVES:
        losses = with_losses(address, frame)
        if not losses.empty:
            yield html.Figure("Learning", curves.learning(losses, title))
