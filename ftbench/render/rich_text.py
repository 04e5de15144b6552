"""Reports for the terminal: as wide as it is, and plain text where styles would not show.

A cell is ``mean (max)`` over its number of seeds; where the table is wider than the terminal, the two numbers
stand one above the other; where it is still wider, the columns are shown in several blocks.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ftbench.render.numbers import legend, marked, shown
from ftbench.render.table import Cell, Column, Report, Section

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP = 2
STYLES = {1: "bold", 2: "underline"}
SIGNS = {1: "¹", 2: "²"}


def render(report: Report, *, width: int, styled: bool) -> str:
    """The report as text.

    Args:
        report: the tables.
        width: the columns of the terminal.
        styled: with bold and underline, as terminal codes; otherwise plain.
    """
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        width=max(width, 40),
        force_terminal=styled,
        color_system="standard" if styled else None,
        no_color=True,  # bold, dim and underline say it all
        highlight=False,
        emoji=False,
        markup=False,
    )
    for at, section in enumerate(report.sections):
        if at:
            console.print()
        _print_section(console, section, styled)
    for note in report.notes:
        console.print(note)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _print_section(console: Console, section: Section, styled: bool) -> None:
    console.print(section.title, style="bold")
    one_line, stacked = (_Sheet(section, styled, stack) for stack in (False, True))
    sheet = one_line if one_line.width() <= console.width else stacked
    for at, block in enumerate(sheet.blocks(console.width)):
        if at:
            console.print()
        sheet.print(console, block)
    told = legend(section, "bold", "underlined") if styled else legend(section, "marked ¹", "²")
    for note in section.notes:
        console.print(note)
    for line in (*section.caption, *([told] if told else [])):
        console.print(line, style="dim")


class _Sheet:
    """A section laid out in one of the two ways of writing a cell."""

    def __init__(self, section: Section, styled: bool, stacked: bool) -> None:
        self._section, self._styled, self._stacked = section, styled, stacked
        self._marked = marked(section)
        self._cells = [
            [
                [self._lines(cell, column) for cell, column in zip(row.cells, section.columns, strict=True)]
                for row in group.rows
            ]
            for group in section.groups
        ]
        names = [row.label for group in section.groups for row in group.rows]
        titles = [group.title for group in section.groups]
        self._first = min(max(map(len, ["Method", *names, *titles])), 28)
        self._widths = [self._column_width(at) for at in range(len(section.columns))]

    def width(self) -> int:
        """The columns that the whole table takes."""
        return self._first + sum(w + GAP for w in self._widths)

    def blocks(self, width: int) -> Iterator[Sequence[int]]:
        """The columns in blocks that fit a width; one at least in each."""
        block: list[int] = []
        taken = self._first
        for at, one in enumerate(self._widths):
            if block and taken + one + GAP > width:
                yield block
                block, taken = [], self._first
            block.append(at)
            taken += one + GAP
        if block:
            yield block

    def print(self, console: Console, block: Sequence[int]) -> None:
        """Print some of the columns."""
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, GAP, 0, 0))
        for width in (self._first, *(self._widths[at] for at in block)):
            table.add_column(width=width, overflow="fold")
        heads = [
            self._padded([Text(c.title), Text(c.subtitle)], at) for at, c in enumerate(self._section.columns)
        ]
        table.add_row(Text("Method", "bold"), *(heads[at] for at in block), style="bold")
        table.add_row(*[Text("─" * w, "dim") for w in (self._first, *(self._widths[at] for at in block))])
        for group, rows in zip(self._section.groups, self._cells, strict=True):
            if group.title:
                table.add_row(Text(group.title, "bold"))
            for row, cells in zip(group.rows, rows, strict=True):
                table.add_row(Text(row.label), *(self._padded(cells[at], at) for at in block))
        console.print(table)

    def _column_width(self, at: int) -> int:
        column = self._section.columns[at]
        lines = [line.plain for rows in self._cells for cells in rows for line in cells[at]]
        return max(len(line) for line in [column.title, column.subtitle, *lines])

    def _padded(self, lines: Sequence[Text], at: int) -> Text:
        """Lines set to the right, trailing spaces kept."""
        from rich.text import Text

        width = self._widths[at]
        return Text("\n").join(Text(" " * (width - len(line.plain))) + line for line in lines if line.plain)

    def _lines(self, cell: Cell, column: Column) -> list[Text]:
        """A cell: its numbers in one line or two, and its note below."""
        from rich.text import Text

        found = shown(cell, column)
        aligned = self._marked and not self._styled and column.kind != "difference"
        lines = [Text()]
        for at, (figure, place) in enumerate(found.figures):
            if at and self._stacked:
                lines.append(Text())
            elif at:
                lines[-1].append(" ")
            lines[-1].append("(" if at else "")
            lines[-1].append(figure, STYLES.get(place) if self._styled else None)
            lines[-1].append(")" if at else "")
            if aligned:
                lines[-1].append(SIGNS.get(place, " "))
        if found.note:
            lines.append(Text(found.note + " " * aligned, "dim"))
        return lines
