"""Requests as a command line makes them, and what they find in a database."""

from __future__ import annotations

from ftbench.cli._databases import reading_if_there, reported
from ftbench.cli._requests import BASELINE, names, selection
from ftbench.render.suite_table import SuiteReport
from ftbench.render.table import Report
from ftbench.services.papers import report as papers
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.planning.asked import Asked
from ftbench.services.reporting.build import build_report, tabulate
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.levels import Topped
from tests.services.report_rows import Rows


def report_request(
    table: str = "main",
    *,
    models: str | None = None,
    tasks: str | None = None,
    methods: str | None = None,
    baseline: str = BASELINE,
    show: str | None = None,
    collapsed: bool = True,
    diverged: str = "chance",
    estimand: str = "mean",
) -> ReportRequest:
    """The request of ``ftbench report`` with these flags."""
    asked = selection(models, tasks, methods, baseline)
    return ReportRequest(asked, table, names(show), collapsed, diverged, estimand)


def report_of(address: str, request: ReportRequest | None = None) -> Report:
    """The tables of a database at an address."""
    request = request or ReportRequest()
    with reported(address, request) as database:
        return build_report(database, request)


def table_of(rows: Rows, request: ReportRequest, topped: list[Topped] | None = None) -> Report:
    """The tables of rows made by hand."""
    chosen = request.selection.lets_through(rows.cells)
    return tabulate(chosen, rows.scores, request, address="ftbench.db", topped=topped or ())


def suites_of(address: str, name: str, asked: Asked | None = None) -> tuple[SuiteReport, ...]:
    """Papers' tables from a database at an address."""
    with reading_if_there(address) as database:
        return papers.suite_reports(address, database, SuiteRequest(name, asked or Asked()))
