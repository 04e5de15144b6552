"""The pages of tables: each report that the database can make, with its plots, and as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ftbench import suites
from ftbench.db import Database
from ftbench.domain.axes import MethodChoice
from ftbench.errors import NothingToReport
from ftbench.models.resolve import model_id
from ftbench.render import formats, render, render_suites
from ftbench.render.html.article import ArticleSection, ListEntry, ListHead, Listing, ListRow
from ftbench.render.html.frame import NavLink
from ftbench.render.suite_table import SuiteReport
from ftbench.render.table import Report
from ftbench.services.papers import page as papers_page
from ftbench.services.papers.report import suite_reports
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.publishing.evidence import Evidence
from ftbench.services.publishing.site import PublishedSite
from ftbench.services.reporting import page as report_page
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.request import BOTH, UNTUNED, ReportRequest
from ftbench.services.scores.selection import Selection

#: Table -> its name for readers, and what it shows.
ABOUT = {
    "main": ("Main results", "Scores of the clean runs on each task, and their average."),
    "robustness": ("Robustness", "Scores under noise, imbalance and other changes to the training data."),
    "curves": ("Curves", "How scores change along the ratio of a change to the data."),
    "retention": ("Retention", "How far the weights moved, and what of the pretrained model was forgotten."),
    "papers": ("Papers", "Tables of papers beside what was measured here, cell by cell, and their claims."),
}
#: Tables that are about changes to the training data.
_OF_CHANGES = ("robustness", "curves")
FILES = ("csv", "json", "markdown", "latex")
_PAPERS_FILES = ("csv", "json", "markdown")


@dataclass(frozen=True)
class PutTable:
    """A table that was written.

    Attributes:
        name: of ``ABOUT``.
        cells: how many scores stand in it.
        files: format -> file, below the folder.
        report: the table; None of papers' tables.
    """

    name: str
    cells: int
    files: Mapping[str, str]
    report: Report | None = None

    @property
    def page(self) -> str:
        """Its page, below the folder."""
        return f"{self.name}.html"


def put_tables(
    site: PublishedSite, found: Evidence, baseline: MethodChoice, pages: Mapping[str, str]
) -> list[PutTable]:
    """Write the page of each table that there is, its files, and the list of all.

    Args:
        site: the folder.
        found: what there is.
        baseline: what differences are taken to.
        pages: digest -> the address of the job's page.

    Raises:
        UnknownName: no such baseline.
    """
    reports, absent = _reports(found, baseline)
    papers = list(_papers(found.database, {cell.model for cell in found.cells}))
    names = [*reports, *(["papers"] if papers else [])]
    more = [[NavLink(ABOUT[one][0], f"{one}.html", one == name) for one in names] for name in names]
    put = []
    for (name, report), links in zip(reports.items(), more, strict=False):
        frame = site.frame(ABOUT[name][0], f"{name}.html", "tables.html", links)
        site.put(f"{name}.html", report_page.page(found.database, report, frame, pages))
        texts = {one: render(report, one) for one in FILES}
        put.append(PutTable(name, _scored(report), _put_files(site, name, texts), report))
    if papers:
        frame = site.frame(ABOUT["papers"][0], "papers.html", "tables.html", more[-1])
        site.put("papers.html", papers_page.page(papers, frame))
        texts = {one: render_suites(papers, one) for one in _PAPERS_FILES}
        put.append(PutTable("papers", sum(map(_measured, papers)), _put_files(site, "papers", texts)))
    _put_list(site, put, absent)
    return put


def _reports(found: Evidence, baseline: MethodChoice) -> tuple[dict[str, Report], dict[str, str]]:
    """The tables that there are, and why there are no others."""
    reports, absent = {}, {}
    changed = any(cell.perturbation.condition.changes for cell in found.cells)
    for name in ABOUT:
        if name == "papers" or (name in _OF_CHANGES and not changed):
            continue
        tuned = BOTH if found.studies else UNTUNED
        try:
            request = ReportRequest(Selection(baseline=baseline), name, tuned=tuned)
            reports[name] = build_report(found.database, request)
        except NothingToReport as error:
            absent[name] = str(error)
    return reports, absent


def _scored(report: Report) -> int:
    rows = [row for section in report.sections for group in section.groups for row in group.rows]
    return sum(cell.n > 0 and bool(cell.jobs) for row in rows for cell in row.cells)


def _papers(database: Database, models: set[str]) -> Iterator[SuiteReport]:
    """The papers' tables of which something was measured here."""
    for name, suite in suites.available().items():
        if models & set(map(model_id, suite.models())):
            for report in suite_reports(database.address, database, SuiteRequest(name)):
                if _measured(report):
                    yield report


def _measured(report: SuiteReport) -> int:
    """How many of a paper's cells were measured."""
    rows = [row for section in report.sections for group in section.groups for row in group.rows]
    return sum(cell.measured.n > 0 for row in rows for cell in row.cells)


def _put_files(site: PublishedSite, name: str, texts: Mapping[str, str]) -> dict[str, str]:
    files = {one: f"data/{name}{formats.find(one).suffix}" for one in texts}
    for one, text in texts.items():
        site.put(files[one], text)
    return files


def _put_list(site: PublishedSite, put: Sequence[PutTable], absent: Mapping[str, str]) -> None:
    heads = [ListHead("Table"), ListHead("What it shows"), ListHead("Cells", number=True)]
    heads += [ListHead(one) for one in FILES]
    rows = [
        ListRow(
            [
                ListEntry(ABOUT[one.name][0], one.page),
                ListEntry(ABOUT[one.name][1]),
                ListEntry(f"{one.cells:,}", value=one.cells),
                *(_file(one.files.get(name, "")) for name in FILES),
            ]
        )
        for one in put
    ]
    sections = [ArticleSection("All tables", "all-tables", listings=[Listing(heads, rows)])] if put else []
    if absent:
        lines = [f"{ABOUT[name][0]}: {reason}" for name, reason in absent.items()]
        sections.append(ArticleSection("Tables that are not here", "absent", lines=lines))
    lead = (
        "In each table a number opens what is behind it: its seeds, their jobs, and the command that queues "
        "them again. Heads sort, and the box keeps the rows of a method."
    )
    site.article("Tables", "tables.html", [lead] if put else ["No table can be made yet."], sections)


def _file(name: str) -> ListEntry:
    return ListEntry(name.rpartition("/")[2], name, download=True) if name else ListEntry("")
