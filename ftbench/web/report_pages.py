"""Pages of reports, comparisons, plots and papers: what the commands make, by the same renderers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ftbench.db import Database, open_database
from ftbench.errors import NothingToReport, UnknownName
from ftbench.render import html
from ftbench.render.html.article import ArticleSection, article, section_of
from ftbench.render.html.frame import NavLink, PageFrame, framed
from ftbench.render.layouts import LAYOUTS
from ftbench.render.plots import KINDS
from ftbench.render.plots.theme import Plot
from ftbench.render.sheet import Sheet
from ftbench.render.table import Report
from ftbench.services.claims import listed as claims
from ftbench.services.comparing import by_task
from ftbench.services.comparing.request import TESTS
from ftbench.services.papers import page as papers_page
from ftbench.services.papers import report as papers
from ftbench.services.papers import reproduction, sweep
from ftbench.services.planning import suite_cards
from ftbench.services.reporting import page as report_page
from ftbench.services.reporting import plots
from ftbench.services.reporting.build import build_report
from ftbench.services.scores import looks
from ftbench.services.tuning import budgets, ledger
from ftbench.services.tuning.plot import draw_budget
from ftbench.web.asked import Query, comparison_of, plot_of, report_of, selection_of, suite_of
from ftbench.web.feed import BoardFeed
from ftbench.web.fragments import TEMPLATES, Recent
from ftbench.web.guard import WITH_PLOTS
from ftbench.web.navigation import ASSETS_AT, links

#: Tables that are lists of findings.
LISTS: Mapping[str, Callable[[Database, Any], Sheet]] = {"tuning": ledger.ledger, "budget": budgets.budgets}
HERE = "/reports"
_KEPT = 24  # pages that are not made anew while nothing has changed


class ReportPages:
    """Answers for pages that are made when they are asked for, one at a time, beside the feed."""

    def __init__(self, address: str, feed: BoardFeed) -> None:
        """Take a database's address, and the feed, which says when something has changed."""
        self._address, self._feed = address, feed
        self._recent = Recent(_KEPT)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reports")

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def index(self, request: Request) -> Response:
        """What there is, as forms."""
        shown = {
            "tables": [*LAYOUTS, *LISTS],
            "kinds": [*KINDS],
            "tests": TESTS,
            "suites": suite_cards.names(),
        }
        frame = PageFrame("Reports", links(HERE), assets=ASSETS_AT, policy="")
        return HTMLResponse(framed("reports.html.j2", frame, shown, TEMPLATES))

    async def report(self, request: Request) -> Response:
        """A table of the database's jobs."""
        query = Query.of(request.query_params)
        table = query.get("table", "main")
        if table in LISTS:
            chosen = selection_of(query)
            return await self._made(request, lambda: self._list(table, lambda one: LISTS[table](one, chosen)))
        asked = report_of(query)

        def make() -> str:
            with self._open() as database:
                how = f"{asked.estimand} {asked.diverged} {asked.collapsed}"
                found = looks.told_in_report(self._address, build_report(database, asked), how)
                return report_page.page(database, found, self._frame(f"Report: {table}"), _job_pages(found))

        return await self._made(request, make)

    async def compare(self, request: Request) -> Response:
        """Whether methods differ."""
        asked = comparison_of(Query.of(request.query_params))

        def make() -> str:
            with self._open() as database:
                sheets = looks.told_in_sheets(self._address, by_task.compare(database, asked))
            return _article(self._frame("Comparison"), sheets)

        return await self._made(request, make)

    async def claims(self, request: Request) -> Response:
        """What was declared, and what came of it."""

        def make() -> str:
            with self._open() as database:
                return _article(self._frame("Claims"), claims.listed(database))

        return await self._made(request, make)

    async def papers(self, request: Request) -> Response:
        """A paper's table beside ours."""
        asked = suite_of(Query.of(request.query_params))

        def make() -> str:
            with self._open() as database:
                tables = looks.told_in_suites(
                    self._address, papers.suite_reports(self._address, database, asked)
                )
            return papers_page.page(tables, self._frame(f"Papers: {asked.name}"))

        return await self._made(request, make)

    async def plot(self, request: Request) -> Response:
        """A plot."""
        query = Query.of(request.query_params)
        kind = query.get("kind", next(iter(KINDS)))
        draw = self._drawing(kind, query)

        def make() -> str:
            with self._open() as database:
                found = draw(database)
            figures = tuple(html.Figure(plot.title or kind.capitalize(), plot) for plot in found)
            section = ArticleSection(KINDS[kind].capitalize(), "plot", figures=figures)
            return article(self._frame(f"Plot: {kind}"), (), (section,))

        return await self._made(request, make)

    def _drawing(self, kind: str, query: Query) -> Callable[[Database], tuple[Plot, ...]]:
        """What draws a plot of a database.

        Raises:
            UsageError: it asks for what there is not.
        """
        if kind not in KINDS:
            raise UnknownName("plot", kind, KINDS)
        if kind == "budget":
            selection = selection_of(query)
            return lambda database: draw_budget(database, selection)
        if kind == "reproduction" or (kind == "sweep" and query.get("name")):
            suite = suite_of(query)
            of_suite = reproduction.draw_suite if kind == "reproduction" else sweep.draw_conditions
            return lambda database: (of_suite(self._address, database, suite),)
        asked = plot_of(query)
        return lambda database: plots.draw(database, asked)

    def _list(self, table: str, make: Callable[[Database], Sheet]) -> str:
        with self._open() as database:
            return _article(self._frame(f"Report: {table}"), [make(database)])

    def _open(self) -> Database:
        return open_database(self._address, write=False)

    def _frame(self, title: str) -> PageFrame:
        more = tuple(
            NavLink(name, f"/report?table={name}", title == f"Report: {name}") for name in (*LAYOUTS, *LISTS)
        )
        return PageFrame(title, links(HERE), more=more, assets=ASSETS_AT, policy="")

    async def _made(self, request: Request, make: Callable[[], str]) -> Response:
        """A page, unless it was made already since something has changed."""
        await self._feed.fresh()
        key: Hashable = request.url.path, request.url.query
        state = self._feed.serial
        loop = asyncio.get_running_loop()
        page = await loop.run_in_executor(self._thread, lambda: self._recent.get(key, state, make))
        return HTMLResponse(page, headers={"Content-Security-Policy": WITH_PLOTS})


def _article(frame: PageFrame, sheets: list[Sheet]) -> str:
    """Lists of findings as a page.

    Raises:
        NothingToReport: there are none.
    """
    if not sheets:
        raise NothingToReport("nothing is found")
    return article(frame, (), [section_of(sheet, f"list-{at}") for at, sheet in enumerate(sheets)])


def _job_pages(report: Report) -> dict[str, str]:
    """The address of each job that stands behind a number."""
    cells = (
        cell
        for section in report.sections
        for group in section.groups
        for row in group.rows
        for cell in row.cells
    )
    return {digest: f"/job/{digest}" for cell in cells for digest in cell.jobs}
