"""One table printer: a grid of cells with headings, alignment and emphasis, for a terminal or as Markdown."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ftbench.render.numbers import shown
from ftbench.render.table import Cell, Column

Span = tuple[str, str]
"""A text and its emphasis: ``bold`` for the best, ``dim``, or ""."""
Words = Sequence[Sequence[Span]]
"""A cell in words, line by line."""

GAP = "  "
#: What the first column keeps on a terminal that is too narrow for it and another one.
NARROWEST = 8
#: What a column of text keeps where it is folded for others to fit, and the words that are not broken.
LEAST, UNBROKEN = 10, 16
#: What a heading takes at most; longer ones are folded.
WIDEST = 32
#: Marks the best where emphasis would not show.
SIGN = "¹"
CODES = {"bold": "1", "dim": "2"}
MARKUP = {"bold": "**{}**"}
#: What would be markup: underscores inside words and brackets that begin no link are left readable.
_SPECIAL = re.compile(r"([\\`*<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\](?=[(\[:]))")
#: Characters that move a terminal's cursor.
_UNSEEN = dict.fromkeys((7, 8, 11, 12, 13))


@dataclass(frozen=True)
class Head:
    """The heading of a column; ``right``: whether its cells stand at the right."""

    title: str
    subtitle: str = ""
    right: bool = True


@dataclass(frozen=True)
class TextGrid:
    """A table in words.

    Attributes:
        heads: the columns; the first names the rows.
        groups: the rows under each title, "" for none; a row has a cell for each column.
    """

    heads: tuple[Head, ...]
    groups: tuple[tuple[str, tuple[tuple[Words, ...], ...]], ...]


def plain(text: str) -> Words:
    """A text as a cell of one line."""
    return [[(text, "")]]


def in_words(
    cell: Cell, column: Column, count: str = "", *, stacked: bool = False, signs: bool = False
) -> Words:
    """A cell of a report: its numbers, and its note below.

    Args:
        cell: the cell.
        column: its column.
        count: that is said once for the whole table.
        stacked: whether the numbers stand one above the other.
        signs: whether the best is marked by a sign, too; the others then leave room for one.
    """
    found = shown(cell, column)
    lines: list[list[Span]] = [[]]
    for at, one in enumerate(found.figures):
        if at and stacked:
            lines.append([])
        elif at:
            lines[-1].append((" ", ""))
        words = [(one.before, ""), (one.text, "bold" if one.best else ""), (one.after, "")]
        lines[-1] += [word for word in words if word[0]]
        lines[-1] += [(SIGN if one.best else " ", "")] if signs else []
    note = found.note(count)
    return [*lines, [(note + " " * signs, "dim")]] if note else lines


def fits(grid: TextGrid, width: int, first: int | None = None) -> bool:
    """Whether all columns fit beside one another, text and headings folded; see ``terminal``."""
    least = [_least(grid, at, one) for at, one in enumerate(_widths(grid, first))]
    return sum(least) + len(GAP) * (len(least) - 1) <= width


def terminal(
    grid: TextGrid, *, width: int | None = None, first: int | None = None, styled: bool = False
) -> Iterator[str]:
    """The lines of a table, aligned; folded where that makes it fit, else in blocks of columns.

    Args:
        grid: the table.
        width: the columns of the terminal; None for as many as it takes.
        first: what the first column takes at most; longer names are folded.
        styled: whether the terminal takes emphasis.
    """
    widths = _widths(grid, first)
    if width is not None:
        widths = _narrowed(grid, widths, range(len(widths)), width)
    for at, block in enumerate(_blocks(grid, widths, width)):
        yield from [""] if at else []
        if width is None:
            yield from _block(grid, widths, block, styled)
            continue
        mine = _narrowed(grid, widths, block, width)
        taken = sum(len(GAP) + mine[one] for one in block[1:])
        mine[0] = min(mine[0], max(NARROWEST, width - taken))
        yield from _block(grid, mine, block, styled)


def markdown(grid: TextGrid) -> Iterator[str]:
    """The lines of a table on GitHub; the titles of groups are left out."""
    yield _line(_escaped(_title(head)) for head in grid.heads)
    yield _line("---:" if head.right else "---" for head in grid.heads)
    for _, rows in grid.groups:
        for row in rows:
            yield _line(map(_marked_up, row))


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line, also inside a table."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def folded(text: str, width: int) -> list[str]:
    """Text in lines of a width: broken between words, and inside a word that is longer than a line."""
    lines = []
    for part in text.translate(_UNSEEN).split("\n"):
        line = ""
        for word in re.findall(r"\s*\S+\s*", part):
            if _wide(line) + _wide(word.rstrip()) <= width:
                line += word
                continue
            lines += [line] if line else []
            *pieces, line = _chopped(word, width) if _wide(word.rstrip()) > width else [word]
            lines += pieces
        lines.append(line)
    return [line.rstrip() for line in lines]


def emphasised(text: str, emphasis: str, styled: bool) -> str:
    """A text as a terminal takes it."""
    return f"\x1b[{CODES[emphasis]}m{text}\x1b[0m" if styled and emphasis and text else text


def _title(head: Head) -> str:
    return f"{head.title} ({head.subtitle})" if head.subtitle else head.title


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _marked_up(words: Words) -> str:
    lines = ([MARKUP.get(style, "{}").format(_escaped(text)) for text, style in line] for line in words)
    return " ".join(text for line in lines if (text := "".join(line))).strip()


def _escaped(text: str) -> str:
    """As ``escape_markdown``, and the blanks at its ends are kept."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def _wide(text: str) -> int:
    """The columns of a terminal that a text takes: letters of East Asia take two."""
    if text.isascii():
        return len(text)
    seen = (char for char in text if not unicodedata.combining(char))
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in seen)


def _chopped(word: str, width: int) -> list[str]:
    """A word in pieces, broken behind a comma, slash or the like where one is near the end of a piece."""
    pieces = [""]
    for char in word:
        if _wide(pieces[-1] + char) > width:
            last = max(map(pieces[-1].rfind, ",;/_-=@")) + 1
            kept = last if last > width // 2 else len(pieces[-1])
            pieces[-1:] = [pieces[-1][:kept], pieces[-1][kept:]]
        pieces[-1] += char
    return pieces


def _heading(head: Head, width: int = WIDEST) -> Words:
    title = [[(line, "bold")] for line in folded(head.title, min(width, WIDEST))]
    return [*title, *([(line, "dim")] for line in folded(head.subtitle, width))]


def _rows(grid: TextGrid) -> Iterator[tuple[Words, ...]]:
    yield tuple(map(_heading, grid.heads))
    for _, rows in grid.groups:
        yield from rows


def _widths(grid: TextGrid, first: int | None) -> list[int]:
    widths = [0] * len(grid.heads)
    for row in _rows(grid):
        for at, words in enumerate(row):
            widths[at] = max(widths[at], *(sum(_wide(text) for text, _ in line) for line in words))
    return widths if first is None else [min(widths[0], first), *widths[1:]]


def _narrowed(grid: TextGrid, widths: Sequence[int], block: Sequence[int], width: int) -> list[int]:
    """The widths at which some columns fit, text and headings folded; as they are where they cannot."""
    found = list(widths)
    room = width - len(GAP) * (len(block) - 1)
    for unbroken in (width, UNBROKEN):  # words are broken where nothing else helps
        least = {at: _least(grid, at, widths[at], unbroken) for at in block}
        if sum(least.values()) <= room:
            break
    else:
        return found
    while room < sum(found[at] for at in block):
        found[max((at for at in block if found[at] > least[at]), key=found.__getitem__)] -= 1
    return found


def _least(grid: TextGrid, at: int, width: int, unbroken: int = UNBROKEN) -> int:
    """What a column needs: of text a few letters and the words that are not too long, of numbers all."""
    head = grid.heads[at]
    words = [len(word) for word in (*head.title.split(), head.subtitle)]
    cells = (row[at] for _, rows in grid.groups for row in rows)
    lines = ["".join(text for text, _ in line) for cell in cells for line in cell]
    if head.right:
        return min(width, max([*words, *map(_wide, lines)], default=0))
    parts = [_wide(word) for line in lines for word in line.split()]
    return min(width, max([LEAST, *words, *(min(unbroken, part) for part in parts)]))


def _blocks(grid: TextGrid, widths: Sequence[int], width: int | None) -> Iterator[list[int]]:
    """The columns in blocks that fit a width, each with those that name the rows and at least one more."""
    lead = list(itertools.takewhile(lambda at: not at or not grid.heads[at].right, range(len(widths))))
    names = sum(widths[at] + len(GAP) for at in lead) - len(GAP)
    if width is not None and (2 * names > width or len(lead) == len(widths)):
        lead, names = [0], widths[0]
    block: list[int] = []
    taken = names
    for at in range(len(lead), len(widths)):
        if block and width is not None and taken + widths[at] + len(GAP) > width:
            yield [*lead, *block]
            block, taken = [], names
        block.append(at)
        taken += widths[at] + len(GAP)
    yield [*lead, *block]


def _block(grid: TextGrid, widths: Sequence[int], block: Sequence[int], styled: bool) -> Iterator[str]:
    """Some of the columns, their headings above."""
    places = [(widths[at], grid.heads[at].right) for at in block]
    whole = sum(width + len(GAP) for width, _ in places) - len(GAP)
    yield from _aligned([_heading(grid.heads[at], widths[at]) for at in block], places, styled)
    yield GAP.join(emphasised("─" * width, "dim", styled) for width, _ in places)
    for title, rows in grid.groups:
        yield from (emphasised(line, "bold", styled) for line in folded(title, whole) if title)
        for row in rows:
            yield from _aligned([_folded_cell(row[at], widths[at]) for at in block], places, styled)


def _aligned(row: Sequence[Words], places: Sequence[tuple[int, bool]], styled: bool) -> Iterator[str]:
    """The lines of a row.

    Args:
        row: its cells; lines in which nothing stands are left out.
        places: the width of each cell, and whether it stands at the right.
        styled: whether the terminal takes emphasis.
    """
    cells = [[line for line in words if any(text for text, _ in line)] for words in row]
    for lines in itertools.zip_longest(*cells, fillvalue=()):
        found = zip(lines, places, strict=True)
        yield GAP.join(_padded(line, width, right, styled) for line, (width, right) in found).rstrip()


def _folded_cell(words: Words, width: int) -> Words:
    """A cell whose lines fit a width; one that is folded loses its emphasis."""
    found: list[Sequence[Span]] = []
    for line in words:
        text = "".join(part for part, _ in line)
        found += [line] if _wide(text) <= width else [[(part, "")] for part in folded(text, width)]
    return found


def _padded(line: Sequence[Span], width: int, right: bool, styled: bool) -> str:
    missing = " " * (width - sum(_wide(text) for text, _ in line))
    text = "".join(emphasised(text, style, styled) for text, style in line)
    return missing + text if right else text + missing
