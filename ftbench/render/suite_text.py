"""A paper's table for people: in the terminal, and as GitHub markdown.

A cell is our number over the paper's in brackets, with the sign of their comparison and our number of seeds.
"""

from __future__ import annotations

from collections.abc import Sequence

from ftbench.render import printed
from ftbench.render.numbers import NOTHING, everywhere
from ftbench.render.printed import Head, TextGrid, escape_markdown
from ftbench.render.rich_text import prose
from ftbench.render.suite_table import SIGNS, SuiteCell, SuiteReport, SuiteRow, SuiteSection
from ftbench.render.table import Cell, Column, Group, Report, Row, Section

FIRST = 26


def lines(cell: SuiteCell, statistics: Sequence[str], known: str = "") -> tuple[str, str]:
    """Our numbers, and the printed ones with the sign and the seeds; "" where there is nothing to say.

    Args:
        cell: the cell.
        statistics: to show.
        known: the count that is said once for the whole table.
    """
    if not cell.applies:
        return "", ""
    scale = 1 if "ratio" in statistics else 100
    found = cell.measured
    small = "ratio" in statistics and any(0 < value < 0.1 for value in cell.printed.values())
    ours = [
        (name, _number(value * scale, small))
        for name in statistics
        if (value := found.statistics.get("mean" if name == "ratio" else name)) is not None
    ]
    theirs = [(name, _number(cell.printed[name], small)) for name in statistics if name in cell.printed]
    seeds = _seeds(found)
    counted = [seeds] if found.planned and seeds != known else []
    about = "≈ " if cell.recomputed else ""
    sign = f" {SIGNS[cell.verdict]}" if cell.verdict else ""
    beside = [f"[{about}{_joined(theirs)}]{sign}"] if theirs else []
    return _joined(ours) or NOTHING, " ".join(beside + counted)


def _seeds(cell: Cell) -> str:
    seeds = f"n={cell.n}" if cell.complete else f"n={cell.n}/{cell.planned}"
    return seeds + (f" d={cell.diverged}" if cell.diverged else "")


def _shared(report: SuiteReport) -> str:
    """The count that all cells share, which is then said once; "" where they differ or lack some."""
    groups = (group for section in report.sections for group in section.groups)
    cells = (cell for group in groups for row in group.rows for cell in row.cells if cell.applies)
    counts = {_seeds(cell.measured) for cell in cells if cell.measured.planned}
    only = counts.pop() if len(counts) == 1 else ""
    return "" if set(only) & set("/d") else only


def _caption(report: SuiteReport, known: str) -> tuple[str, ...]:
    """How to read a table, and the count that all of its cells have."""
    first, *rest = report.caption or ("",)
    return (" ".join(text for text in (first, everywhere(known)) if text), *rest)


def _number(value: float, small: bool) -> str:
    """Two decimals; beside a share of the weights below 0.1 %, two digits that count."""
    return f"{value:.2g}" if small else f"{value:.2f}"


def markdown(report: SuiteReport) -> str:
    """The report as markdown."""
    known = _shared(report)
    blocks = [f"### {escape_markdown(report.title)}"]
    for section in report.sections:
        named = any(group.title for group in section.groups)
        blocks.append("\n".join(printed.markdown(_grid(section, report.statistics, known, named=named))))
    if report.claims:
        rows = [tuple(map(printed.plain, (c.text, c.verdict, c.detail))) for c in report.claims]
        heads = tuple(Head(title, right=False) for title in ("claim", "verdict", "test"))
        blocks.append("\n".join(printed.markdown(TextGrid(heads, (("", tuple(rows)),)))))
    if report.notes:
        blocks.append("\n".join(f"- {escape_markdown(note)}" for note in report.notes))
    return "\n\n".join([*blocks, *map(escape_markdown, _caption(report, known))]) + "\n"


def as_report(reports: Sequence[SuiteReport]) -> Report:
    """Papers' tables as a report whose cells are words, for the formats that have no form of their own."""
    sections = [
        _worded(report, section, at) for report in reports for at, section in enumerate(report.sections)
    ]
    return Report("suite", "", tuple(sections))


def _worded(report: SuiteReport, section: SuiteSection, at: int) -> Section:
    """A table in words; what belongs to the whole report stands with its last one."""
    last, known = at == len(report.sections) - 1, _shared(report)
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
                    tuple(_word(cell, report.statistics, known) for cell in row.cells),
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
        caption=_caption(report, known) if last else ("",),
        model="",
        train_size=None,
        changed={},
        recipe={},
        columns=tuple(Column(head.key, "text", head.title, head.subtitle) for head in section.columns),
        groups=tuple(groups),
        notes=(*claims, *report.notes) if last else (),
    )


def _word(cell: SuiteCell, statistics: Sequence[str], known: str) -> Cell:
    words = " ".join(part for part in lines(cell, statistics, known) if part)
    return Cell(cell.measured.statistics, text=words, applies=bool(words))


def rich(report: SuiteReport, *, width: int, styled: bool) -> str:
    """The report for a terminal of a width; plain text unless styled."""
    width, known = max(width, 40), _shared(report)
    lines = prose((report.title,), width, "bold", styled)
    for at, section in enumerate(report.sections):
        lines += [""] if at else []
        grid = _grid(section, report.statistics, known, named=False)
        lines += printed.terminal(grid, width=width, first=FIRST, styled=styled)
    claims = tuple(f"{claim.verdict}: {claim.text} ({claim.detail})" for claim in report.claims)
    lines += prose((*claims, *report.notes), width)
    lines += prose(_caption(report, known), width, "dim", styled)
    return "\n".join(lines) + "\n"


def _joined(numbers: Sequence[tuple[str, str]]) -> str:
    """``mean (max)``, ``mean ± std``: numbers by the names of their statistics, the first bare."""
    told = [f"± {number}" if name == "std" else f"({number})" for name, number in numbers[1:]]
    return " ".join([*(number for _, number in numbers[:1]), *told])


def _grid(section: SuiteSection, statistics: Sequence[str], known: str, *, named: bool) -> TextGrid:
    """A section in words; ``named``: with a column for the titles of its groups."""
    heads = [Head(" ", right=False)] * (1 + named) + [Head(h.title, h.subtitle) for h in section.columns]
    groups = []
    for group in section.groups:
        title = [printed.plain(group.title)] if named else []
        rows = [
            (*title, printed.plain(row.head.title), *_words(row, statistics, known)) for row in group.rows
        ]
        groups.append((group.title, tuple(rows)))
    return TextGrid(tuple(heads), tuple(groups))


def _words(row: SuiteRow, statistics: Sequence[str], known: str) -> list[printed.Words]:
    found = (lines(cell, statistics, known) for cell in row.cells)
    return [[[(ours, "")], [(theirs, "dim")]] for ours, theirs in found]
