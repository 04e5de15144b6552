"""The page of a report: what is behind its numbers, and its plots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ftbench.db import Database, Document, JobFilter
from ftbench.errors import FtbenchError
from ftbench.render import html
from ftbench.render.html.frame import PageFrame
from ftbench.render.table import Cell, Report, Section
from ftbench.services.planning.commands import for_job
from ftbench.services.reporting.costs import ALONE, COSTS, better_ones, with_costs
from ftbench.services.reporting.plots import with_groups, with_losses, with_ranks, with_runs
from ftbench.services.scores import levels
from ftbench.services.scores.levels import Topped

if TYPE_CHECKING:
    from ftbench.render.plots.looks import Looks

#: What the page shows of a job: heading -> where its provenance has it.
TOOK = {"seconds": ("wall_seconds",), "memory, MB": ("peak_memory_mb",), "worker": ("worker",)}
#: What a job's provenance says of it alone; the rest is shared by many.
OWN = frozenset({"seconds", "wall_seconds", "peak_memory_mb", "worker", "digests", "runs"})
#: Jobs whose learning curves are drawn; of more, reading them would take longer than the rest of the report.
CURVES = 2000


def page(
    database: Database,
    report: Report,
    frame: PageFrame | None = None,
    pages: Mapping[str, str] | None = None,
) -> str:
    """The page; with plots where their packages are installed.

    Args:
        database: that the report was made from.
        report: its tables.
        frame: of a page that is one of many; without it the page stands alone.
        pages: digest -> the address of the job's own page, where there are some.

    Raises:
        DatabaseError: the database cannot be read.
    """
    cells = [cell for section in report.sections for cell in _score_cells(section.scores)]
    wanted = {digest for cell in cells for digest in cell.jobs}
    firsts = tuple(cell.jobs[0] for cell in cells if cell.jobs)
    ran = database.results.ran(wanted, [*TOOK.values(), *COSTS.values(), ALONE])
    around = database.results.surroundings(wanted, OWN)
    queued = _commands(database, cells, firsts)
    topped = levels.topped(database)
    jobs, surroundings = _took(ran, around)
    costs = {job: found[len(TOOK) :] for job, found in ran.items()}
    figures, script = _figures(database, report, costs, topped)
    details = html.Details(jobs, tuple(TOOK), surroundings, queued, figures, script, pages or {})
    return html.render(report, details, frame)


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
        cell.jobs[0]: [for_job(rows[cell.jobs[0]].spec, rows[cell.jobs[0]].places, cell.seeds)]
        for cell in cells
        if cell.jobs and cell.jobs[0] in rows
    }


def _took(
    ran: Mapping[str, Sequence[Any]], around: Mapping[str, Document]
) -> tuple[dict[str, list[Any]], list[dict[str, str]]]:
    """What each job took, and what jobs ran with, each surroundings once."""
    jobs: dict[str, list[Any]] = {}
    known: dict[str, int] = {}
    for digest, found in ran.items():
        seconds, memory, worker = found[: len(TOOK)]
        at = known.setdefault(around[digest].text, len(known))
        jobs[digest] = [None if seconds is None else round(seconds, 1), memory, worker, at]
    distinct = {shared.text: shared for shared in around.values()}
    return jobs, [{name: str(value) for name, value in distinct[one].items()} for one in known]


def _figures(
    database: Database, report: Report, took: Mapping[str, Sequence[Any]], topped: Sequence[Topped]
) -> tuple[list[list[html.Figure]], str]:
    """The plots of each table, and the library that shows them; nothing where it is not installed."""
    from ftbench.render.plots import theme

    try:
        theme.load_plotting()
    except FtbenchError:
        return [], ""
    from ftbench.render.plots import embedded
    from ftbench.render.plots.looks import of_report

    looks = of_report(report)
    figures = [list(_figures_of(database, section, looks, took, topped)) for section in report.sections]
    return figures, embedded() if any(figures) else ""


def _figures_of(
    database: Database,
    section: Section,
    looks: Looks,
    took: Mapping[str, Sequence[Any]],
    topped: Sequence[Topped],
) -> Iterator[html.Figure]:
    from ftbench.render import tidy
    from ftbench.render.plots import cost, curves, spread
    from ftbench.render.plots.ranks import LEAST_TASKS

    scores, title = section.scores, section.title
    frame, unit = tidy.drawn_frame(scores, bool(scores.axis)), tidy.unit_of(scores, bool(scores.axis))
    if frame.empty:
        return
    if scores.axis:
        percent = scores.groups[0].percent
        yield html.Figure("Robustness", curves.robustness(frame, title, scores.axis, looks, percent, unit))
        return
    yield html.Figure("Runs", spread.strip(frame, title, looks, counts=tidy.run_counts(scores), unit=unit))
    turned = tidy.turned_frame(scores, frame)
    costs, timed = with_costs(took, frame)
    if costs["training_seconds"].notna().any():
        yield html.Figure("Cost", cost.cost(costs, title, better_ones(turned), looks, timed, unit))
    if len(with_ranks(turned)[0]) > 1 and frame["task"].nunique() >= LEAST_TASKS:
        yield html.Figure("Ranks", with_groups(turned, title, looks, topped))
    if frame["job"].nunique() <= CURVES:
        losses = with_losses(database, frame)
        panels = losses[["task", "label"]].drop_duplicates()
        if 0 < len(panels) <= curves.PANELS:
            yield html.Figure("Learning", curves.learning(losses, title, with_runs(looks, losses)))
