"""Pages: a report as one HTML file that needs nothing else, or as one of many that share a frame.

The tables are in the page as they are; its script only sorts, filters and shows what is behind a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ftbench.render.behind import sources
from ftbench.render.html.frame import PLOTTING, PageFrame, framed
from ftbench.render.numbers import captioned, for_people, in_unit, interval, note_below, same_count, shown
from ftbench.render.plots.assembly import assembled
from ftbench.render.plots.theme import Plot
from ftbench.render.sheet import figure
from ftbench.render.table import TEXTS, Cell, Column, Group, Report, Row, Section
from ftbench.render.tested import Tested
from ftbench.stats import statistics


@dataclass(frozen=True)
class Figure:
    """A plot of the page.

    Attributes:
        name: what it shows, for its button.
        plot: what is drawn, and how to read it.
        points: what its points are, as a table below it: the headings, then a row each; () for none.
    """

    name: str
    plot: Plot
    points: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Details:
    """What the page shows beside the tables.

    Attributes:
        jobs: digest -> what it took: values to show in the columns that ``took`` names, then the number of
            its surroundings.
        took: the headings of those columns.
        surroundings: what jobs ran with: name -> value, each once.
        commands: digest of the first job of a cell -> the commands that queue its jobs again.
        figures: for each table its plots.
        script: the plotting library's code, "" where there are no plots.
        pages: digest -> the address of the job's own page, where it has one.
    """

    jobs: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    took: Sequence[str] = ()
    surroundings: Sequence[Mapping[str, str]] = ()
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    figures: Sequence[Sequence[Figure]] = ()
    script: str = ""
    pages: Mapping[str, str] = field(default_factory=dict)


def render(report: Report, details: Details | None = None, frame: PageFrame | None = None) -> str:
    """The page.

    Args:
        report: the tables.
        details: what is behind the numbers; without it only the scores are.
        frame: of a page that is one of many, whose plotting library lies in the file ``PLOTTING`` beside its
            other scripts; without it the page stands alone.
    """
    details, frame = details or Details(), frame or PageFrame(report.table)
    sections = [_section(report, section, at) for at, section in enumerate(report.sections)]
    figures = [list(found) for found in details.figures] or [[] for _ in sections]
    values = {
        "report": report,
        "sections": sections,
        "figures": figures,
        "library": details.script.replace("</script", "<\\/script") if frame.assets is None else "",
        "plotting": f"{frame.assets}{PLOTTING}" if details.script and frame.assets is not None else "",
        "data": _data(report, details),
        "specs": figure_specs(figures),
    }
    frame = replace(frame, scripts=("figures.js", "page.js", *frame.scripts), filtered="method or setting")
    return framed("page.html.j2", frame, values)


def figure_specs(figures: Sequence[Sequence[Figure]]) -> list[list[Mapping[str, Any]]]:
    """The specifications of a page's plots."""
    return [[assembled([figure.plot]) for figure in found] for found in figures]


def _section(report: Report, section: Section, at: int) -> dict[str, Any]:
    """A table as the template takes it."""
    count, section = same_count(section), for_people(section)
    return {
        "title": section.title,
        "caption": [captioned(section), *note_below(section, "bold")],
        "notes": section.notes,
        "grouped": section.axis or ("condition" if any(group.title for group in section.groups) else ""),
        "columns": section.columns,
        "rows": [
            {
                "label": row.shown,
                "group": group.title if group.ratio is None else group.shown,
                "place": g if group.ratio is None else group.ratio,
                "hparams": ", ".join(f"{name}={value}" for name, value in row.hparams.items()),
                "cells": [
                    _cell(cell, column, count, _key(str(at), g, r, c))
                    for c, (cell, column) in enumerate(zip(row.cells, section.columns, strict=True))
                ],
            }
            for g, group in enumerate(section.groups)
            for r, row in enumerate(group.rows)
        ],
    }


def _key(section: str, group: int, row: int, column: int) -> str:
    return f"{section}.{group}.{row}.{column}"


def _cell(cell: Cell, column: Column, count: str, key: str) -> dict[str, Any]:
    """A cell as the template takes it: its words, and the number that it is sorted by."""
    told = shown(cell, column)
    return {
        "key": key,
        "figures": told.figures,
        "note": told.note(count),
        "kind": column.kind,
        "words": cell.text if column.kind in TEXTS else "",
        "value": {"group": cell.text, "runs": cell.n}.get(column.kind, cell.mean),
        "applies": cell.applies,
    }


def _data(report: Report, details: Details) -> dict[str, Any]:
    """What the script shows: every cell by its key, every job by its place in a list."""
    places: dict[str, int] = {}
    cells: dict[str, Any] = {}
    for s, section in enumerate(report.sections):
        # The scores behind estimates are in the data alone: no table of the page shows them.
        tables = {str(s): section} | ({f"{s}b": section.basis} if section.basis else {})
        keys = {
            (group.title, row.label, column.name): _key(name, g, r, c)
            for name, table in tables.items()
            for g, group in enumerate(table.groups)
            for r, row in enumerate(group.rows)
            for c, column in enumerate(table.columns)
        }
        for name, table in tables.items():
            for at, place in _places(table):
                cells[_key(name, *at)] = _behind(report, table, place, keys, places, details)
    jobs = [[digest[:12], *details.jobs.get(digest, ())] for digest in places]
    found = {"cells": cells, "jobs": jobs, "took": list(details.took), "with": list(details.surroundings)}
    return found | ({"pages": [details.pages.get(digest, "") for digest in places]} if details.pages else {})


def _places(section: Section) -> Iterator[tuple[tuple[int, int, int], tuple[Group, Row, Column, Cell]]]:
    """The cells with numbers: numbers of group, row and column, and what stands there."""
    for g, group in enumerate(section.groups):
        for r, row in enumerate(group.rows):
            for c, (column, cell) in enumerate(zip(section.columns, row.cells, strict=True)):
                if cell.applies and column.kind not in TEXTS:
                    yield (g, r, c), (group, row, column, cell)


def _behind(
    report: Report,
    section: Section,
    place: tuple[Group, Row, Column, Cell],
    keys: Mapping[tuple[str, str, str], str],
    places: dict[str, int],
    details: Details,
) -> dict[str, Any]:
    """One cell: its facts, and its jobs or the cells that it comes from."""
    group, row, column, cell = place
    title = " · ".join(part for part in (row.shown, column.title, column.subtitle, group.title) if part)
    found: dict[str, Any] = {"title": title, "facts": _facts(cell, column)}
    if column.kind == "score":
        found["seeds"], found["scores"] = (
            list(cell.seeds),
            [round((100 if column.fraction else 1) * value, 4) for value in cell.values],
        )
        found["jobs"] = [places.setdefault(digest, len(places)) for digest in cell.jobs]
        found["commands"] = list(details.commands.get(cell.jobs[0], ())) if cell.jobs else []
    else:
        behind = sources(report, section, group, row, column)
        found["from"] = [
            [keys[source.group.title, source.row.label, source.column.name], list(source.cell.seeds)]
            for source in behind
        ]
    return found


def _facts(cell: Cell, column: Column) -> list[tuple[str, str]]:
    """What a reader sees of a cell at a glance: name and value."""
    n = str(cell.n) if cell.complete else f"{cell.n} of {cell.planned}"
    facts = [("n", n)]
    for name, value in cell.statistics.items():
        found = statistics.find(name)
        title = f"{found.title} ({found.detail})" if found.detail else found.title
        told = "value" if (name, column.kind) == ("mean", "estimate") else title
        facts.append((told, in_unit(value, column.fraction, signed=column.signed)))
    if column.kind == "estimate" and interval(cell, column):
        facts.append(("95 % interval", interval(cell, column)))
    if cell.tested is not None:
        facts += _tested(cell.tested, column.fraction)
    if cell.collapsed:
        facts.append(("collapsed runs", str(cell.collapsed)))
    if cell.diverged:
        facts.append(("diverged runs, at chance", str(cell.diverged)))
    missing = ", ".join(f"{number} {reason}" for reason, number in cell.missing.items() if number)
    facts += [("missing", missing)] if missing else []
    facts += [("note", cell.remark)] if cell.remark else []
    return facts


def _tested(tested: Tested, fraction: bool) -> list[tuple[str, str]]:
    """The difference to the baseline, and how sure it is."""
    ends = ", ".join(in_unit(end, fraction, signed=True) for end in (tested.low, tested.high))
    found = f"{in_unit(tested.difference, fraction, signed=True)} [{ends}] over {tested.n} {tested.unit}"
    p, corrected = (figure(value, "p") for value in (tested.p, tested.p_corrected))
    return [
        ("difference to the baseline", f"{found} {tested.shown}".rstrip()),
        ("p, p corrected", f"{p}, {corrected}"),
    ]
