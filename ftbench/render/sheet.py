"""Sheets: lists of findings as data, one line each, and how they read in every format.

Formats for people show the fields that are marked so; CSV and JSON have all of them, scores as fractions.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftbench.printable import csv_cell
from ftbench.render import printed
from ftbench.render.numbers import NOTHING, in_unit, probability
from ftbench.render.printed import Head, TextGrid, escape_markdown

WIDTH = 120
"""Characters of a line of words at most."""


@dataclass(frozen=True)
class Field:
    """A column of a sheet.

    Attributes:
        key: its name in CSV and JSON.
        title: its heading.
        kind: ``text``, ``points`` (a difference of fractions, × 100 with its sign), ``score`` (a fraction,
            × 100), ``p``, ``share`` (two decimals), ``number``, ``count``.
        shown: whether people see it; otherwise it is in CSV and JSON only.
    """

    key: str
    title: str
    kind: str = "text"
    shown: bool = True


@dataclass(frozen=True)
class Sheet:
    """A list of findings.

    Attributes:
        name: what it is about, in CSV and JSON.
        title: what it is about, for people.
        fields: its columns.
        rows: key -> value; None where there is none.
        notes: how to read it and what is missing, a line each.
        verdicts: what it comes to, a sentence each; they are said before everything else.
        fraction: whether its scores are fractions; else they are shown in the unit of their metric.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    fraction: bool = True


def rich(sheets: Sequence[Sheet], *, width: int, styled: bool) -> str:
    """Sheets for a terminal of a width; ``styled``: whether it takes bold."""
    return "\n\n".join("\n".join(_plain(sheet, max(width, 40), styled)) for sheet in sheets) + "\n"


def markdown(sheets: Sequence[Sheet]) -> str:
    """Sheets as Markdown."""
    return "\n\n".join("\n".join(_markdown(sheet)) for sheet in sheets) + "\n"


def to_json(sheets: Sequence[Sheet], schema: str) -> str:
    """Sheets as JSON of a stated form."""
    found = [
        {
            "name": s.name,
            "title": s.title,
            "rows": [_whole(s, row) for row in s.rows],
            "notes": list(s.notes),
            **({"verdicts": list(s.verdicts)} if s.verdicts else {}),
        }
        for s in sheets
    ]
    whole = {"schema": schema, "sheets": found}
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def figure(value: Any, kind: str, fraction: bool = True) -> str:
    """A value as people read it."""
    if value is None:
        return NOTHING
    if kind == "points":
        return in_unit(value, fraction, signed=True)
    if kind == "score":
        return in_unit(value, fraction)
    if kind == "p":
        return probability(value)
    return f"{value:.2f}" if kind in ("share", "number") else str(value)


def _whole(sheet: Sheet, row: Mapping[str, Any]) -> dict[str, Any]:
    return {field.key: row.get(field.key) for field in sheet.fields}


def to_csv(sheets: Sequence[Sheet]) -> str:
    """Sheets as one table: their columns one after another, those of other sheets empty."""
    keys = list(dict.fromkeys(field.key for sheet in sheets for field in sheet.fields))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["sheet", "title", *keys])
    for sheet in sheets:
        for row in sheet.rows:
            values = ["" if row.get(key) is None else row[key] for key in keys]
            writer.writerow(csv_cell(value) for value in (sheet.name, sheet.title, *values))
    return file.getvalue()


def _grid(sheet: Sheet) -> TextGrid:
    """What people see: without the fields in which nothing stands."""
    fields = [f for f in sheet.fields if f.shown and any(row.get(f.key) is not None for row in sheet.rows)]
    rows = [
        tuple(printed.plain(figure(row.get(f.key), f.kind, sheet.fraction)) for f in fields)
        for row in sheet.rows
    ]
    return TextGrid(tuple(Head(f.title, right=f.kind != "text") for f in fields), (("", tuple(rows)),))


def _markdown(sheet: Sheet) -> Iterator[str]:
    yield f"### {escape_markdown(sheet.title)}"
    yield ""
    for verdict in sheet.verdicts:
        yield escape_markdown(verdict)
        yield ""
    if sheet.rows:
        yield from printed.markdown(_grid(sheet))
        yield ""
    for note in sheet.notes:
        yield f"- {escape_markdown(note)}"


def _plain(sheet: Sheet, width: int, styled: bool) -> Iterator[str]:
    words = min(WIDTH, width)
    for verdict in sheet.verdicts:
        yield from (printed.emphasised(line, "bold", styled) for line in textwrap.wrap(verdict, words))
    if sheet.verdicts:
        yield ""
    yield from (printed.emphasised(line, "bold", styled) for line in printed.folded(sheet.title, width))
    if sheet.rows:
        yield from printed.terminal(_grid(sheet), width=width, styled=styled)
    for note in sheet.notes:
        yield from textwrap.wrap(note, words)
