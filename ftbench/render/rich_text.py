"""Reports for the terminal: as wide as it is, and plain text where styles would not show.

A cell is ``mean ± standard deviation`` over its number of seeds, which is said once where all cells share it.
Where the table is wider than the terminal, the numbers stand one above the other; where still wider, the
columns are shown in several blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

from ftbench.render import printed
from ftbench.render.numbers import captioned, for_people, marked, note_below, same_count
from ftbench.render.printed import Head, TextGrid, Words
from ftbench.render.table import Column, Report, Row, Section

FIRST = 28


def render(report: Report, *, width: int, styled: bool) -> str:
    """The report as text.

    Args:
        report: the tables.
        width: the columns of the terminal.
        styled: with bold and underline, as terminal codes; otherwise plain.
    """
    lines: list[str] = []
    width = max(width, 40)
    for section in map(for_people, report.sections):
        lines += [""] if lines else []
        lines += _section(section, width, styled)
    lines += prose(report.notes, width)
    return "\n".join(lines) + "\n"


def prose(texts: tuple[str, ...], width: int, emphasis: str = "", styled: bool = False) -> list[str]:
    """Texts for the terminal, each from a line of its own."""
    lines = (line for text in texts for line in printed.folded(text, width))
    return [printed.emphasised(line, emphasis, styled) for line in lines]


def _section(section: Section, width: int, styled: bool) -> Iterator[str]:
    yield from prose((section.title,), width, "bold", styled)
    one_line, stacked = (_grid(section, stack, styled) for stack in (False, True))
    grid = one_line if printed.fits(one_line, width, FIRST) else stacked
    yield from printed.terminal(grid, width=width, first=FIRST, styled=styled)
    yield from prose(section.notes, width)
    told = note_below(section, "bold" if styled else "marked ¹")
    yield from prose((captioned(section), *told), width, "dim", styled)


def _grid(section: Section, stacked: bool, styled: bool) -> TextGrid:
    """A section laid out in one of the two ways of writing a cell."""
    signs, count = marked(section) and not styled, same_count(section)
    heads = (Head(column.title, column.subtitle) for column in section.columns)
    groups = []
    for group in section.groups:
        rows = [_row(row, section.columns, count, stacked, signs) for row in group.rows]
        groups.append((group.title, tuple(rows)))
    return TextGrid((Head("Method", right=False), *heads), tuple(groups))


def _row(row: Row, columns: tuple[Column, ...], count: str, stacked: bool, signs: bool) -> tuple[Words, ...]:
    cells = (
        printed.in_words(cell, column, count, stacked=stacked, signs=signs and column.kind != "difference")
        for cell, column in zip(row.cells, columns, strict=True)
    )
    return (printed.plain(row.shown), *cells)
