"""Why: the jobs, seeds, scores and commands behind a number of a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ftbench.db import Database, JobFilter, JobRow
from ftbench.domain.job import SHORT_DIGEST
from ftbench.errors import BadValue, UnknownName
from ftbench.render.behind import Source, sources
from ftbench.render.numbers import NOTHING, in_unit, shown
from ftbench.render.table import Column, Group, Report, Row, Section
from ftbench.services.planning.commands import for_job
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.request import ReportRequest


@dataclass(frozen=True)
class WhyRequest:
    """Which number of which tables.

    Attributes:
        report: the tables.
        row: a method's label, or as tables print it.
        column: a column's title or key, in any case.
        ratio: of the perturbation; None for all.
    """

    report: ReportRequest
    row: str
    column: str
    ratio: float | None = None


@dataclass(frozen=True)
class CellBehind:
    """A cell of scores behind a number.

    Attributes:
        title: method, task and ratio.
        number: its mean, as tables show it.
        jobs: a row for each job with a score: ``job``, ``seed``, ``score`` (a fraction), ``seconds``, ….
        missing: why others have none: reason -> number.
        commands: what queues the jobs again.
    """

    title: str
    number: str
    jobs: list[dict[str, Any]]
    missing: dict[str, int]
    commands: list[str]


@dataclass(frozen=True)
class Answer:
    """A number and what is behind it.

    Attributes:
        title: the table, the row and the column.
        number: as the table shows it.
        parts: the cells of scores it comes from.
    """

    title: str
    number: str
    parts: list[CellBehind]

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


_Place = tuple[Section, Group, Row, Column]


def explain(database: Database, request: WhyRequest) -> list[Answer]:
    """What is behind a number; one answer for each table and ratio that has it.

    Raises:
        UnknownName: no row or column is called so; with the nearest that is.
        BadValue: the tables have no such ratio.
        NothingToReport: the report is empty.
        DatabaseError: the database cannot be read.
    """
    report = build_report(database, request.report)
    places = _places(report, request.row, request.column, request.ratio)
    found = [(place, sources(report, *place)) for place in places]
    digests = {digest for _, cells in found for source in cells for digest in source.cell.jobs}
    where = JobFilter(digests=tuple(digests) or ("",))
    rows = {job.digest: job for job in database.jobs.list(where)}
    facts = database.results.provenances(digests)
    return [_answer(place, cells, rows, facts) for place, cells in found]


def commands(jobs: Iterable[JobRow]) -> list[str]:
    """What queues jobs again: one command for those that differ in their seed only."""
    alike: dict[str, list[JobRow]] = {}
    for job in jobs:
        spec = {name: value for name, value in job.spec.items() if name != "seed"}
        alike.setdefault(json.dumps([spec, dict(job.places)], sort_keys=True), []).append(job)
    return [
        for_job(group[0].spec, group[0].places, seeds=sorted({job.seed for job in group}))
        for group in alike.values()
    ]


def _places(report: Report, row: str, column: str, ratio: float | None) -> list[_Place]:
    wanted = column.casefold()
    rows = [(s, g, r) for s in report.sections for g in s.groups for r in g.rows]
    carried = {name for _, _, r in rows for name in (r.label, r.shown)}
    if row not in carried:
        raise UnknownName("row", row, carried)
    columns = [c for s in report.sections for c in s.columns]
    if wanted not in {name.casefold() for c in columns for name in (c.name, c.title)}:
        raise UnknownName("column", column, {name for c in columns for name in (c.name, c.title)})
    ratios = {g.ratio for _, g, _ in rows}
    if ratio is not None and ratio not in ratios:
        known = ", ".join(f"{r:g}" for r in sorted(r for r in ratios if r is not None))
        raise BadValue(f"--ratio {ratio:g}: " + (f"the table has {known}" if known else "the table has none"))
    found = [
        (s, g, r, c)
        for s, g, r in rows
        for c in s.columns
        if row in (r.label, r.shown) and wanted in (c.name.casefold(), c.title.casefold())
        if ratio in (None, g.ratio)
    ]
    # The drop of a clean run is no number; where nothing else was asked for, it is still shown.
    return [p for p in found if p[2].cells[p[0].columns.index(p[3])].applies] or found


def _answer(
    place: _Place, cells: list[Source], rows: Mapping[str, JobRow], facts: Mapping[str, Mapping[str, Any]]
) -> Answer:
    section, group, row, column = place
    told = shown(row.cells[section.columns.index(column)], column)
    title = f"{column.title} ({column.subtitle})" if column.subtitle else column.title
    parts = [section.title, group.title, row.shown, title]
    number = " ".join([*(figure.words for figure in told.figures), *filter(None, [told.note()])])
    return Answer(
        " · ".join(part for part in parts if part),
        number or NOTHING,
        [_part(source, rows, facts) for source in cells],
    )


def _part(source: Source, rows: Mapping[str, JobRow], facts: Mapping[str, Mapping[str, Any]]) -> CellBehind:
    cell = source.cell
    jobs = [
        {"job": digest[:SHORT_DIGEST], "seed": seed, "score": value, **_facts(facts.get(digest, {}))}
        for digest, seed, value in zip(cell.jobs, cell.seeds, cell.values, strict=True)
    ]
    number = NOTHING if cell.mean is None else in_unit(cell.mean, source.column.fraction)
    known = [rows[digest] for digest in cell.jobs if digest in rows]
    return CellBehind(
        source.title, number, jobs, {k: v for k, v in cell.missing.items() if v}, commands(known)
    )


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Of a job's provenance what tells runs apart."""
    return {
        "seconds": facts.get("wall_seconds"),
        "device": facts.get("device"),
        "worker": facts.get("worker"),
        "commit": str(facts.get("git_commit") or "")[:SHORT_DIGEST],
        "ftbench": facts.get("ftbench"),
    }
