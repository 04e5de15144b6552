"""Reports as GitHub markdown."""

from __future__ import annotations

from collections.abc import Iterator

from ftbench.render import printed
from ftbench.render.numbers import captioned, for_people, note_below, same_count
from ftbench.render.printed import Head, TextGrid, escape_markdown
from ftbench.render.table import Group, Report, Section


def render(report: Report) -> str:
    """The report as text: a heading, a caption, a table and its note for each section."""
    blocks = ["\n".join(_section(section)) for section in map(for_people, report.sections)]
    if report.notes:
        blocks.append("\n".join(f"- {escape_markdown(note)}" for note in report.notes))
    return "\n\n".join(blocks) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"### {escape_markdown(section.title)}"
    yield ""
    yield escape_markdown(captioned(section))
    yield ""
    yield from printed.markdown(_grid(section))
    yield ""
    yield from (f"- {escape_markdown(note)}" for note in section.notes)
    yield from [""] if section.notes else []
    for at, line in enumerate(note_below(section, "bold")):
        yield from [""] if at else []
        yield escape_markdown(line)


def _grid(section: Section) -> TextGrid:
    """A section's cells, the ratio in a column of its own."""
    axis = [Head(section.axis)] if section.axis else []
    heads = [Head(column.title, column.subtitle) for column in section.columns]
    return TextGrid(
        (*axis, Head("Method", right=False), *heads),
        tuple((group.title, tuple(_rows(group, section))) for group in section.groups),
    )


def _rows(group: Group, section: Section) -> Iterator[tuple[printed.Words, ...]]:
    count = same_count(section)
    ratio = [] if group.ratio is None else [printed.plain(group.shown)]
    for row in group.rows:
        found = zip(row.cells, section.columns, strict=True)
        cells = (printed.in_words(cell, column, count) for cell, column in found)
        yield (*ratio, printed.plain(row.shown), *cells)
