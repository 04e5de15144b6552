"""Reports as GitHub markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ftbench.render.numbers import legend, shown
from ftbench.render.table import Cell, Column, Report, Section

MARKS = {0: "{}", 1: "**{}**", 2: "<u>{}</u>"}
#: What would be markup: underscores inside words and brackets that begin no link are left readable.
_SPECIAL = re.compile(r"([\\`*<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\](?=[(\[:]))")


def render(report: Report) -> str:
    """The report as text: a heading, a table, its notes and its caption for each section."""
    blocks = ["\n".join(_section(section)) for section in report.sections]
    if report.notes:
        blocks.append("\n".join(f"- {escape(note)}" for note in report.notes))
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text that markdown shows as it is, on one line, also inside a table."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _section(section: Section) -> Iterator[str]:
    yield f"### {escape(section.title)}"
    yield ""
    axis = [section.axis] if section.axis else []
    heads = [
        f"{escape(c.title)} ({escape(c.subtitle)})" if c.subtitle else escape(c.title)
        for c in section.columns
    ]
    yield _line([*axis, "Method", *heads])
    yield _line([*(["---:"] * len(axis)), "---", *(["---:"] * len(heads))])
    for group in section.groups:
        ratio = [] if group.ratio is None else [group.shown]
        for row in group.rows:
            cells = [_cell(cell, column) for cell, column in zip(row.cells, section.columns, strict=True)]
            yield _line([*ratio, escape(row.label), *cells])
    yield ""
    for note in section.notes:
        yield f"- {escape(note)}"
    if section.notes:
        yield ""
    told = legend(section, "bold", "underlined")
    yield escape(" ".join([section.caption[0], told]))
    for line in section.caption[1:]:
        yield ""
        yield escape(line)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell, column: Column) -> str:
    found = shown(cell, column)
    figures = [MARKS[place].format(escape(figure)) for figure, place in found.figures]
    words = [figure if at == 0 else f"({figure})" for at, figure in enumerate(figures)]
    return " ".join([*words, *([escape(found.note)] if found.note else [])])
