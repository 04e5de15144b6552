"""How cells read: the same digits, marks and counts in every format for people."""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.render.table import COUNTED, Cell, Column, Section

NOTHING = "–"


def legend(section: Section, best: str, second: str) -> str:
    """How the best and the second are marked; "" where nothing is.

    Args:
        section: the table.
        best: what the best has, such as ``bold``.
        second: what the second has.
    """
    if not marked(section):
        return ""
    column = f"each column at each {section.axis} ratio" if section.axis else "each column"
    return f"In {column}, the best is {best} and the second {second}; cells that lack seeds do not compete."


def marked(section: Section) -> bool:
    """Whether a table has marks for the best."""
    return any(cell.places for group in section.groups for row in group.rows for cell in row.cells)


@dataclass(frozen=True)
class Shown:
    """A cell in words.

    Attributes:
        figures: the numbers, each with its place: 1 best, 2 second, 0 neither.
        count: the number of seeds; "" where it goes without saying.
        marks: of collapsed runs, of a significant difference, and of what is missing.
    """

    figures: tuple[tuple[str, int], ...]
    count: str = ""
    marks: str = ""

    @property
    def note(self) -> str:
        """Count and marks; "" where there is nothing to say."""
        return f"{self.count} {self.marks}".strip()


def percent(value: float, *, signed: bool = False) -> str:
    """A fraction × 100 with two decimals; zero has no sign."""
    text = f"{100 * value:+.2f}" if signed else f"{100 * value:.2f}"
    return "0.00" if text in ("-0.00", "+0.00") else text


def probability(p: float) -> str:
    """A p value with three decimals."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """A p value in a sentence: ``p=0.031``, ``p<0.001``."""
    text = probability(p)
    return f"p{text}" if text.startswith("<") else f"p={text}"


def interval(cell: Cell, column: Column) -> str:
    """What a cell's interval spans, and the p of its test; "" where there is neither."""
    ends = [percent(end, signed=column.signed) for end in (cell.low, cell.high) if end is not None]
    told = [" to ".join(ends)] if ends else []
    if cell.tested:
        told.append(p_equals(cell.tested.p_corrected))
    return ", ".join(told)


def shown(cell: Cell, column: Column) -> Shown:
    """A cell's numbers and note."""
    if not cell.applies:
        return Shown(())
    if cell.text and column.kind not in COUNTED:
        return Shown(((cell.text, 0),))
    spans = interval(cell, column) if "interval" in column.show else ""
    if cell.mean is None:
        return Shown(((cell.text or NOTHING, 0), *([(spans, 0)] if spans else [])), *_note(cell, column))
    figures = []
    for statistic in column.show:
        if statistic == "interval":
            figures += [(spans, 0)] if spans else []
            continue
        value = cell.statistics.get(statistic)
        star = "*" if cell.remark or (cell.reduced and column.kind == "difference") else ""
        text = NOTHING if value is None else percent(value, signed=column.signed) + star
        figures.append((text, cell.places.get(statistic, 0)))
    return Shown(tuple(figures), *_note(cell, column))


def _note(cell: Cell, column: Column) -> tuple[str, str]:
    if column.kind not in COUNTED and (not cell.reduced or cell.mean is None):
        return "", cell.mark
    count = f"n={cell.n}" if cell.complete else f"n={cell.n}/{cell.planned}"
    collapsed = f"c={cell.collapsed}" if cell.collapsed else ""
    better = cell.tested.mark if cell.tested else ""
    return count, " ".join(mark for mark in (collapsed, better, cell.mark) if mark)
