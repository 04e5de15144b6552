r"""The numbers of a report as LaTeX commands, so that the text of a paper never disagrees with its tables.

``\ftMainBertLargeBidropKThreeRte`` is the mean in row ``bidrop[k=3]``, column ``rte`` of the main table of
``bert-large``; with ``Max``, ``Std`` or ``N`` at its end the maximum, the standard deviation (ddof 1) or the
number of scores, and so for every other statistic that the table shows; of an estimate ``Low`` and ``High``
are its interval, ``P`` is the corrected p. A robustness table names its ratio before the row,
``\ftNoiseBertLargeAtTenVanillaRte``, and a smaller training set its rows, ``FiveZeroZeroRows``, after the
model. A number that is missing prints ``??``, as LaTeX does for a missing reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ftbench.errors import FtbenchError
from ftbench.render.latex_text import escape_latex
from ftbench.render.numbers import in_unit, probability
from ftbench.render.table import TEXTS, Cell, Column, Group, Report, Row, Section

MISSING = r"\textbf{??}"
#: The statistics that have a command whatever the table shows.
ALWAYS = ("max", "std")
DIGITS = dict(zip("0123456789", "Zero One Two Three Four Five Six Seven Eight Nine".split(), strict=True))
HEAD = "% Numbers of an ftbench report, x 100 with two decimals; ?? is a number that is missing.\n"


def render(report: Report) -> str:
    """One command for each number.

    Raises:
        FtbenchError: two numbers would get the same name; says which.
    """
    lines: dict[str, str] = {}
    for section in report.sections:
        for group in section.groups:
            for row in group.rows:
                for column, cell in zip(section.columns, row.cells, strict=True):
                    _add(lines, section, group, row, column, cell)
    return HEAD + "\n".join(lines.values()) + "\n"


def macro_name(*parts: str) -> str:
    """A command's name: letters only, so digits are spelt out and every word begins with a capital."""
    words = re.findall(r"[A-Za-z]+|[0-9]", " ".join(parts))
    return r"\ft" + "".join(DIGITS.get(word, word[:1].upper() + word[1:]) for word in words)


def _add(lines: dict[str, str], section: Section, group: Group, row: Row, column: Column, cell: Cell) -> None:
    """Add a cell's commands; a cell without meaning, or in a column of words, has none."""
    if not cell.applies or column.kind in TEXTS:
        return
    where = (*_setting(section), *([f"at {group.number:g}"] if group.ratio is not None else []))
    told = ", ".join([section.title, *([group.title] if group.title else []), row.shown, column.title])
    for statistic, text in _numbers(cell, column):
        command = macro_name(*where, row.label, column.name, statistic)
        if command in lines:
            raise FtbenchError(
                f"two numbers would be named {command}: choose fewer with --models, --tasks or --methods"
            )
        comment = " ".join(f"{told}: {statistic or 'mean'}".split())
        lines[command] = f"\\newcommand{{{command}}}{{{text}}} % {comment}"


def _setting(section: Section) -> Iterator[str]:
    """What tells a section from the others of its kind, also from those of another report."""
    yield section.part
    yield section.model
    if section.train_size is not None:
        yield f"{section.train_size} rows"
    for setting, value in section.changed.items():
        yield f"{setting} {value}"


def _numbers(cell: Cell, column: Column) -> Iterator[tuple[str, str]]:
    for statistic in dict.fromkeys(("mean", *ALWAYS, *column.show)):
        value, ending = cell.statistics.get(statistic), "" if statistic == "mean" else statistic
        if value is not None:
            yield ending, _minus(in_unit(value, column.fraction, signed=column.signed))
        elif not ending:
            yield ending, escape_latex(cell.text) or MISSING
    yield "n", str(cell.n)
    for name, value in (("low", cell.low), ("high", cell.high)):
        if value is not None:
            yield name, _minus(in_unit(value, column.fraction, signed=column.signed))
    if column.kind == "estimate" and cell.tested:
        yield "p", escape_latex(probability(cell.tested.p_corrected))


def _minus(text: str) -> str:
    return rf"\ensuremath{{-}}{text[1:]}" if text.startswith("-") else text
