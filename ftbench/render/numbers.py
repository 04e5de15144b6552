"""How cells read: the same digits, marks and counts in every format for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ftbench.render.table import COUNTED, NOT_COMPARED, Cell, Column, Section

NOTHING = "–"
SPREAD = "std"
UNDONE = (
    "unless: the better one fails in such a share of its runs more than it did here, which these do not "
    "exclude (95 %); the difference would then be gone."
)
"""What a column of these shares says."""


def legend(section: Section, best: str) -> str:
    """What is marked as best, and how; "" where nothing is.

    Args:
        section: the table.
        best: what the best has, such as ``bold``.
    """
    if not marked(section):
        return ""
    where = f"each column at each {section.axis} ratio" if section.axis else "each column"
    others = any(name != "mean" for cell in _cells(section) for name in cell.best)
    alone = "; of other statistics than the mean the best alone" if others else ""
    kinds = zip(
        section.columns, zip(*(r.cells for g in section.groups for r in g.rows), strict=True), strict=True
    )
    grouped = any(column.kind == "group" and any(c.text for c in cells) for column, cells in kinds)
    averages = "averages: by their groups; others: " if grouped else ""
    return (
        f"In {where}, the best and all that cannot be told from it are {best} ({averages}paired t-tests, "
        f"Bonferroni over the pairs of the column{alone}); cells that lack seeds, and single seeds, do not "
        "compete."
    )


def marked(section: Section) -> bool:
    """Whether a table has marks for the best."""
    return any(cell.best for cell in _cells(section))


def _cells(section: Section) -> Iterator[Cell]:
    return (cell for group in section.groups for row in group.rows for cell in row.cells)


@dataclass(frozen=True)
class ShownNumber:
    """A number of a cell.

    Attributes:
        text: the number.
        best: whether it is the best, or cannot be told from it.
        before, after: what stands around it: brackets, or ± before a standard deviation.
    """

    text: str
    best: bool = False
    before: str = ""
    after: str = ""

    @property
    def words(self) -> str:
        """The number with what stands around it."""
        return f"{self.before}{self.text}{self.after}"


@dataclass(frozen=True)
class Shown:
    """A cell in words.

    Attributes:
        figures: the numbers.
        count: the number of seeds; "" where it goes without saying.
        marks: of collapsed runs, of a significant difference, and of what is missing.
    """

    figures: tuple[ShownNumber, ...]
    count: str = ""
    marks: str = ""

    def note(self, known: str = "") -> str:
        """Count and marks; "" where there is nothing to say.

        Args:
            known: the count that is said once for the whole table.
        """
        return f"{'' if self.count == known else self.count} {self.marks}".strip()


def percent(value: float, *, signed: bool = False) -> str:
    """A fraction × 100 with two decimals; zero has no sign."""
    text = f"{100 * value:+.2f}" if signed else f"{100 * value:.2f}"
    return "0.00" if text in ("-0.00", "+0.00") else text


def in_unit(value: float, fraction: bool, *, signed: bool = False) -> str:
    """A score as tables show it: a fraction × 100, others as they are with four decimals."""
    if fraction:
        return percent(value, signed=signed)
    text = f"{value:+.4f}" if signed else f"{value:.4f}"
    return "0.0000" if text in ("-0.0000", "+0.0000") else text


def rounded(value: float, fraction: bool) -> float:
    """A score at the precision of tables, as they show it."""
    return round(100 * value, 2) if fraction else round(value, 4)


def probability(p: float) -> str:
    """A p value with three decimals."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """A p value in a sentence: ``p=0.031``, ``p<0.001``."""
    text = probability(p)
    return f"p{text}" if text.startswith("<") else f"p={text}"


def interval(cell: Cell, column: Column) -> str:
    """What a cell's interval spans, and the p of its test; "" where there is neither."""
    ends = [
        in_unit(end, column.fraction, signed=column.signed)
        for end in (cell.low, cell.high)
        if end is not None
    ]
    told = [" to ".join(ends)] if ends else []
    if cell.tested:
        told.append(p_equals(cell.tested.p_corrected))
    return ", ".join(told)


def shown(cell: Cell, column: Column) -> Shown:
    """A cell's numbers and note."""
    if not cell.applies:
        return Shown(())
    if cell.untested and column.kind == "group":
        return Shown((ShownNumber(NOT_COMPARED),))
    if cell.text and column.kind not in COUNTED:
        return Shown((ShownNumber(cell.text),))
    spans = interval(cell, column) if "interval" in column.show else ""
    if cell.mean is None:
        first = ShownNumber(cell.text or NOTHING)
        return Shown((first, *([_framed("interval", spans)] if spans else [])), *_note(cell, column))
    figures = list(_figures(cell, column, spans))
    if figures:
        figures[0] = ShownNumber(figures[0].text, figures[0].best)
    return Shown(tuple(figures), *_note(cell, column))


def _figures(cell: Cell, column: Column, spans: str) -> Iterator[ShownNumber]:
    for statistic in column.show:
        if statistic == "interval":
            if spans:
                yield _framed(statistic, spans)
            continue
        value = cell.statistics.get(statistic)
        if value is None and statistic == SPREAD and len(column.show) > 1:
            continue  # of one run, and of an average
        star = "*" if cell.remark or (cell.reduced and column.kind == "difference") else ""
        text = NOTHING if value is None else in_unit(value, column.fraction, signed=column.signed) + star
        yield _framed(statistic, text, statistic in cell.best)


def _framed(statistic: str, text: str, best: bool = False) -> ShownNumber:
    """A number as it stands behind the first."""
    return ShownNumber(text, best, "± ") if statistic == SPREAD else ShownNumber(text, best, "(", ")")


def same_count(section: Section) -> str:
    """The count that all cells with scores share, such as ``n=3``; "" where they differ or lack some."""
    counts = {
        shown(cell, column).count
        for group in section.groups
        for row in group.rows
        for cell, column in zip(row.cells, section.columns, strict=True)
        if column.kind in COUNTED and cell.applies
    }
    only = counts.pop() if len(counts) == 1 else ""
    return "" if "/" in only else only


def for_people(section: Section) -> Section:
    """A table without its column of runs where all are there: the count says so once for all cells."""
    last = len(section.columns) - 1
    rows = [row for group in section.groups for row in group.rows]
    if not same_count(section) or section.columns[last].kind != "runs":
        return section
    if any(row.cells[last].n < row.cells[last].planned for row in rows):
        return section
    groups = tuple(
        replace(group, rows=tuple(replace(row, cells=row.cells[:last]) for row in group.rows))
        for group in section.groups
    )
    return replace(section, columns=section.columns[:last], groups=groups)


def captioned(section: Section) -> str:
    """The caption: what the cells are, and the count that all of them share."""
    told = (*section.caption[:1], everywhere(same_count(section)))
    return " ".join(_sentence(text) for text in told if text)


def note_below(section: Section, best: str) -> list[str]:
    """How to read a table, paragraph by paragraph, for the note below it; ``best`` as for ``legend``."""
    rules, rest = section.caption[1:2], section.caption[2:]
    return [_sentence(text) for text in (*rules, legend(section, best), *rest) if text]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def everywhere(count: str) -> str:
    """The count of every cell, said once; "" where there is none."""
    return f"{count} in every cell." if count else ""


def _note(cell: Cell, column: Column) -> tuple[str, str]:
    if column.kind not in COUNTED and (not cell.reduced or cell.mean is None):
        return "", " ".join(mark for mark in (_compared(cell), cell.mark) if mark)
    count = f"n={cell.n}" if cell.complete else f"n={cell.n}/{cell.planned}"
    collapsed = f"c={cell.collapsed}" if cell.collapsed else ""
    diverged = f"d={cell.diverged}" if cell.diverged else ""
    return count, " ".join(mark for mark in (collapsed, diverged, _compared(cell), cell.mark) if mark)


def _compared(cell: Cell) -> str:
    """The mark of a significant difference, or that there was no test."""
    return cell.tested.shown if cell.tested else NOT_COMPARED * bool(cell.untested)


def unless(better: str, share: float) -> str:
    """What would undo a difference that is shown.

    Args:
        better: the method that is ahead.
        share: of its runs, beyond those that failed.
    """
    return (
        f"unless {better} fails in {percent(share)} % more of its runs than here, which these do not exclude"
    )
