r"""Reports as LaTeX with booktabs: a file that compiles as it is, and that a paper can ``\input``.

A paper that inputs it loads ``booktabs`` and ``graphicx``; the file's own preamble is then skipped.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from ftbench.render.numbers import ShownNumber, captioned, for_people, note_below, same_count, shown
from ftbench.render.table import Cell, Column, Group, Report, Section

#: Columns that a page takes beside the names, and letters that a name takes of it.
MOST, LONGEST = 15, 48
BEST = r"\textbf{{{}}}"
HEAD = r"""% Compiles as it is; a paper that loads booktabs and graphicx can \input it.
\ifdefined\maketitle\def\ftbenchend{}\else
\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[margin=2cm]{geometry}
\usepackage{booktabs,graphicx}
\begin{document}
\def\ftbenchend{\end{document}}\fi
"""
# A table wider than the lines is made smaller; a narrow one is not made larger.
FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
_SPECIAL: Mapping[str, str] = MappingProxyType(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
        "-": "-{}",  # two hyphens in a name are no dash
        "[": "{[}",  # a row that begins with one would be read as an option of the row before
        "]": "{]}",
        "*": "{*}",
        **{char: f"\\{char}" for char in "#$%&_{}"},
        **{"Δ": r"$\Delta$", "×": r"$\times$", "·": r"$\cdot$", "±": r"$\pm$", "−": "$-$", "≥": r"$\geq$"},
        **{"–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\ldots{}", "→": r"$\rightarrow$"},
        **{"≠": r"$\neq$", "≈": r"$\approx$", "▲": r"$\bigtriangleup$", "▼": r"$\bigtriangledown$"},
        **{"≤": r"$\leq$", "α": r"$\alpha$", "β": r"$\beta$", "λ": r"$\lambda$", "σ": r"$\sigma$"},
    }
)
_SIGN = re.compile(r"(?<!\S)(\+|-\{\})(?=\d)")  # of escaped text
#: Letters of Latin-1 and Latin Extended-A that pdfTeX's T1 fonts have.
_LETTERS = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĒēĘęĚěĞğĢģĪīİıĶķĹĺĻļĽľŁłŃńŅņŇňŌōŐőŒœŔŕŖŗŘřŚśŞşŠšŢţŤťŪūŮůŰűŲųŸŹźŻżŽž§°"
)


def render(report: Report) -> str:
    """The report as a document: a table environment for each section."""
    sections = enumerate(map(for_people, report.sections), start=1)
    blocks = ["\n".join(_section(section, at)) for at, section in sections]
    if report.notes:
        blocks.append("\n\n".join(escape_latex(note) for note in report.notes))
    return HEAD + "\n" + "\n\n".join(blocks) + "\n\n\\ftbenchend\n"


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it is, on one line; a character without a glyph becomes its code."""
    return " ".join(map(_word, text.split()))


def _word(word: str) -> str:
    """A word; one that is longer than a line may be broken at its underscores."""
    escaped = "".join(map(_char, word))
    return escaped.replace(r"\_", r"\_\allowbreak{}") if len(word) > LONGEST else escaped


def _char(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if (char.isascii() and char.isprintable()) or char in _LETTERS:
        return char
    return rf"\texttt{{U+{ord(char):04X}}}"


def _section(section: Section, at: int) -> Iterator[str]:
    count = same_count(section)
    yield r"\begin{table}[htbp]"
    yield r"\centering"
    yield rf"\caption{{\textbf{{{escape_latex(section.title)}.}} {escape_latex(captioned(section))}}}"
    yield rf"\label{{tab:{section.part}-{at}}}\medskip"
    for start in range(0, len(section.columns), MOST):
        yield from [r"\par\medskip"] if start else []
        yield from _tabular(section, range(start, min(start + MOST, len(section.columns))), count)
    told = [escape_latex(" ".join(note_below(section, "bold"))), *map(escape_latex, section.notes)]
    if notes := [text for text in told if text]:
        yield r"\par\smallskip\begin{minipage}{\linewidth}\footnotesize\raggedright"
        yield r"\par ".join(notes) + r"\end{minipage}"
    yield r"\end{table}"


def _tabular(section: Section, places: range, count: str) -> Iterator[str]:
    """Some of the columns: a page is not wide enough for more."""
    columns = [section.columns[at] for at in places]
    yield FIT
    aligned = "".join("l" if column.kind == "group" else "r" for column in columns)
    yield rf"\begin{{tabular}}{{l{aligned}}}"
    yield r"\toprule"
    yield _line("Method", *(_name(column.title, "r") for column in columns))
    if any(column.subtitle for column in columns):
        yield _line("", *(rf"{{\small {escape_latex(column.subtitle)}}}" for column in columns))
    for group in section.groups:
        yield r"\midrule"
        yield from _group(group, columns, places, count)
    yield r"\bottomrule"
    yield r"\end{tabular}}"


def _name(text: str, side: str) -> str:
    """A name; a long one in lines one above the other, or the whole table would shrink for it."""
    if len(text) <= LONGEST:
        return escape_latex(text)
    lines = (escape_latex(line) for line in textwrap.wrap(text, LONGEST))
    return rf"\shortstack[{side}]{{" + r" \\ ".join(lines) + "}"


def _group(group: Group, columns: Sequence[Column], places: range, count: str) -> Iterator[str]:
    if group.title:
        yield rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{\emph{{{escape_latex(group.title)}}}}} \\"
    for row in group.rows:
        cells = zip((row.cells[at] for at in places), columns, strict=True)
        yield _line(_name(row.shown, "l"), *(_cell(cell, column, count) for cell, column in cells))


def _cell(cell: Cell, column: Column, count: str) -> str:
    found = shown(cell, column)
    words = [f"{_figure(one.before)}{_emphasised(one)}{_figure(one.after)}" for one in found.figures]
    note = found.note(count)
    if note:
        words.append(rf"{{\scriptsize {escape_latex(note)}}}")
    return " ".join(words)


def _emphasised(one: ShownNumber) -> str:
    return BEST.format(_figure(one.text)) if one.best else _figure(one.text)


def _figure(text: str) -> str:
    """A number, or those of an interval, with the minus of mathematics."""
    return _SIGN.sub(lambda sign: f"${sign[0][0]}$", escape_latex(text))


def _line(*cells: str) -> str:
    return " & ".join(cells) + r" \\"
