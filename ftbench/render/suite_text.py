"""A paper's table for people: in the terminal, and as GitHub markdown.

A cell is our number over the paper's in brackets, with the sign of their comparison and our number of seeds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ftbench.render.markdown_text import escape
from ftbench.render.numbers import NOTHING
from ftbench.render.suite_table import SIGNS, SuiteCell, SuiteReport, SuiteSection
from ftbench.render.table import Cell, Column, Group, Report, Row, Section

if TYPE_CHECKING:
    from rich.console import Console

GAP = 2
FIRST = 26


def lines(cell: SuiteCell, statistics: Sequence[str]) -> tuple[str, str]:
    """Our numbers, and the printed ones with the sign and the seeds; "" where there is nothing to say."""
    if not cell.applies:
        return "", ""
    scale = 1 if "ratio" in statistics else 100
    found = cell.measured
    ours = [
        f"{value * scale:.2f}"
        for name in statistics
        if (value := getattr(found, "mean" if name == "ratio" else name)) is not None
    ]
    theirs = [f"{cell.printed[name]:.2f}" for name in statistics if name in cell.printed]
    seeds = f"n={found.n}" if found.complete else f"n={found.n}/{found.planned}"
    sign = f" {SIGNS[cell.verdict]}" if cell.verdict else ""
    return _joined(ours, statistics) or NOTHING, " ".join(
        ([f"[{_joined(theirs, statistics)}]{sign}"] if theirs else []) + ([seeds] if found.planned else [])
    )


def markdown(report: SuiteReport) -> str:
    """The report as markdown."""
    blocks = [f"### {escape(report.title)}"]
    for section in report.sections:
        blocks.append("\n".join(_markdown_table(section, report.statistics)))
    if report.claims:
        head = ["| claim | verdict | test |", "| --- | --- | --- |"]
        rows = [f"| {escape(c.text)} | {escape(c.verdict)} | {escape(c.detail)} |" for c in report.claims]
        blocks.append("\n".join([*head, *rows]))
    if report.notes:
        blocks.append("\n".join(f"- {escape(note)}" for note in report.notes))
    return "\n\n".join([*blocks, *(escape(line) for line in report.caption)]) + "\n"


def plain(reports: Sequence[SuiteReport]) -> Report:
    """Papers' tables as a report whose cells are words, for the formats that have no form of their own."""
    sections = [
        _worded(report, section, at) for report in reports for at, section in enumerate(report.sections)
    ]
    return Report("suite", "", tuple(sections))


def _worded(report: SuiteReport, section: SuiteSection, at: int) -> Section:
    """A table in words; what belongs to the whole report stands with its last one."""
    last = at == len(report.sections) - 1
    claims = tuple(f"{claim.verdict}: {claim.text} ({claim.detail})" for claim in report.claims)
    groups = [
        Group(
            group.title,
            None,
            tuple(
                Row(
                    row.head.title,
                    row.head.key,
                    {},
                    tuple(_word(cell, report.statistics) for cell in row.cells),
                )
                for row in group.rows
            ),
        )
        for group in section.groups
    ]
    return Section(
        part=report.name.replace("/", "-"),
        axis=None,
        title=report.title,
        caption=report.caption if last else ("",),
        model="",
        train_size=None,
        changed={},
        recipe={},
        columns=tuple(Column(head.key, "text", head.title, head.subtitle) for head in section.columns),
        groups=tuple(groups),
        notes=(*claims, *report.notes) if last else (),
    )


def _word(cell: SuiteCell, statistics: Sequence[str]) -> Cell:
    words = " ".join(part for part in lines(cell, statistics) if part)
    return Cell(text=words, mean=cell.measured.mean, applies=bool(words))


def rich(report: SuiteReport, *, width: int, styled: bool) -> str:
    """The report for a terminal of a width; plain text unless styled."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(
        file=file,
        width=max(width, 40),
        force_terminal=styled,
        color_system="standard" if styled else None,
        no_color=True,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(report.title, style="bold")
    for at, section in enumerate(report.sections):
        if at:
            console.print()
        _print(console, section, report.statistics)
    for claim in report.claims:
        console.print(f"{claim.verdict}: {claim.text} ({claim.detail})")
    for note in report.notes:
        console.print(note)
    for line in report.caption:
        console.print(line, style="dim")
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _joined(numbers: Sequence[str], statistics: Sequence[str]) -> str:
    """``mean (max)``, ``mean ±std``."""
    if len(numbers) < 2:
        return "".join(numbers)
    return f"{numbers[0]} ±{numbers[1]}" if statistics[1] == "std" else f"{numbers[0]} ({numbers[1]})"


def _markdown_table(section: SuiteSection, statistics: Sequence[str]) -> Iterator[str]:
    titled = any(group.title for group in section.groups)
    heads = [escape(f"{h.title} ({h.subtitle})" if h.subtitle else h.title) for h in section.columns]
    yield "| " + " | ".join([*([" "] if titled else []), " ", *heads]) + " |"
    yield "| " + " | ".join(["---"] * (1 + titled) + ["---:"] * len(heads)) + " |"
    for group in section.groups:
        for row in group.rows:
            cells = [" ".join(part for part in lines(cell, statistics) if part) for cell in row.cells]
            first = [escape(group.title)] if titled else []
            yield "| " + " | ".join([*first, escape(row.head.title), *map(escape, cells)]) + " |"


def _print(console: Console, section: SuiteSection, statistics: Sequence[str]) -> None:
    """A section in as many blocks of columns as the width needs."""
    shown = [[[lines(c, statistics) for c in row.cells] for row in group.rows] for group in section.groups]
    widths = [
        max(
            len(text)
            for text in (head.title, head.subtitle, *(t for rows in shown for row in rows for t in row[at]))
        )
        for at, head in enumerate(section.columns)
    ]
    names = [row.head.title for group in section.groups for row in group.rows]
    first = min(max(map(len, [*names, *(group.title for group in section.groups)])), FIRST)
    block: list[int] = []
    for at, width in enumerate(widths):
        if block and first + sum(widths[i] + GAP for i in block) + width + GAP > console.width:
            _block(console, section, shown, [first, *(widths[i] for i in block)], block)
            console.print()
            block = []
        block.append(at)
    _block(console, section, shown, [first, *(widths[i] for i in block)], block)


def _block(
    console: Console,
    section: SuiteSection,
    shown: Sequence[Sequence[Sequence[tuple[str, str]]]],
    widths: Sequence[int],
    block: Sequence[int],
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, GAP, 0, 0))
    table.add_column(width=widths[0], overflow="fold")
    for width in widths[1:]:
        table.add_column(width=width, overflow="fold", justify="right")
    heads = [section.columns[at] for at in block]
    table.add_row("", *(Text(h.title, "bold") for h in heads))
    if any(h.subtitle for h in heads):
        table.add_row("", *(Text(h.subtitle, "dim") for h in heads))
    table.add_row(*(Text("─" * width, "dim") for width in widths))
    for group, rows in zip(section.groups, shown, strict=True):
        if group.title:
            table.add_row(Text(group.title, "bold"))
        for row, cells in zip(group.rows, rows, strict=True):
            table.add_row(Text(row.head.title), *(Text(cells[at][0]) for at in block))
            if any(cells[at][1] for at in block):
                table.add_row("", *(Text(cells[at][1], "dim") for at in block))
    console.print(table)
