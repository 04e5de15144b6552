"""Reports for the terminal: as wide as it is, and plain text where styles would not show.

A cell is ``mean (max)`` over its number of seeds; where the table is wider than the terminal, the two numbers
stand one above the other; where it is still wider, the columns are shown in several blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

from ftbench.render import printed
from ftbench.render.numbers import legend, marked
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
    for section in report.sections:
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
    grid = one_line if printed.columns_needed(one_line, FIRST) <= width else stacked
    yield from printed.terminal(grid, width=width, first=FIRST, styled=styled)
    told = legend(section, "bold", "underlined") if styled else legend(section, "marked ¹", "²")
    yield from prose(section.notes, width)
    yield from prose((*section.caption, *([told] if told else [])), width, "dim", styled)


def _grid(section: Section, stacked: bool, styled: bool) -> TextGrid:
    """A section laid out in one of the two ways of writing a cell."""
    signs = marked(section) and not styled
    heads = (Head(column.title, column.subtitle) for column in section.columns)
    groups = []
    for group in section.groups:
        rows = [_row(row, section.columns, stacked, signs) for row in group.rows]
        groups.append((group.title, tuple(rows)))
    return TextGrid((Head("Method", right=False), *heads), tuple(groups))


def _row(row: Row, columns: tuple[Column, ...], stacked: bool, signs: bool) -> tuple[Words, ...]:
    cells = (
        printed.in_words(cell, column, stacked=stacked, signs=signs and column.kind != "difference")
        for cell, column in zip(row.cells, columns, strict=True)
    )
    return (printed.plain(row.shown), *cells)
