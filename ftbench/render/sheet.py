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

from ftbench.render.markdown_text import escape
from ftbench.render.numbers import NOTHING, percent, probability

FORMATS = ("rich", "markdown", "csv", "json")
GAP = "  "
WIDTH = 120


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
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()


def render(sheets: Sequence[Sheet], format: str, *, schema: str, styled: bool = False) -> str:
    """Sheets as text that ends in a newline.

    Args:
        sheets: what to write.
        format: ``rich``, ``markdown``, ``csv`` or ``json``.
        schema: the name of the JSON document's form: fields may be added to it, none is renamed or removed.
        styled: whether the terminal takes bold, for ``rich``.
    """
    if format == "json":
        found = [
            {
                "name": s.name,
                "title": s.title,
                "rows": [_whole(s, row) for row in s.rows],
                "notes": list(s.notes),
            }
            for s in sheets
        ]
        return (
            json.dumps({"schema": schema, "sheets": found}, indent=2, ensure_ascii=False, allow_nan=False)
            + "\n"
        )
    if format == "csv":
        return _csv(sheets)
    one = _markdown if format == "markdown" else _plain
    return "\n\n".join("\n".join(one(sheet, styled)) for sheet in sheets) + "\n"


def figure(value: Any, kind: str) -> str:
    """A value as people read it."""
    if value is None:
        return NOTHING
    if kind == "points":
        return percent(value, signed=True)
    if kind == "score":
        return percent(value)
    if kind == "p":
        return probability(value)
    return f"{value:.2f}" if kind in ("share", "number") else str(value)


def _whole(sheet: Sheet, row: Mapping[str, Any]) -> dict[str, Any]:
    return {field.key: row.get(field.key) for field in sheet.fields}


def _csv(sheets: Sequence[Sheet]) -> str:
    """One table: the sheets' columns one after another, those of other sheets empty."""
    keys = list(dict.fromkeys(field.key for sheet in sheets for field in sheet.fields))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["sheet", "title", *keys])
    for sheet in sheets:
        for row in sheet.rows:
            values = ["" if row.get(key) is None else row[key] for key in keys]
            writer.writerow([sheet.name, sheet.title, *values])
    return file.getvalue()


def _cells(sheet: Sheet) -> tuple[list[Field], list[list[str]]]:
    """The fields that people see, and the rows in words; without those in which nothing stands."""
    fields = [f for f in sheet.fields if f.shown and any(row.get(f.key) is not None for row in sheet.rows)]
    return fields, [[figure(row.get(f.key), f.kind) for f in fields] for row in sheet.rows]


def _markdown(sheet: Sheet, _styled: bool) -> Iterator[str]:
    fields, rows = _cells(sheet)
    yield f"### {escape(sheet.title)}"
    yield ""
    if rows:
        yield "| " + " | ".join(escape(f.title) for f in fields) + " |"
        yield "| " + " | ".join("---" if f.kind == "text" else "---:" for f in fields) + " |"
        for row in rows:
            yield "| " + " | ".join(map(escape, row)) + " |"
        yield ""
    for note in sheet.notes:
        yield f"- {escape(note)}"


def _plain(sheet: Sheet, styled: bool) -> Iterator[str]:
    fields, rows = _cells(sheet)
    yield f"\x1b[1m{sheet.title}\x1b[0m" if styled else sheet.title
    lines = [[f.title for f in fields], *rows] if rows else []
    widths = [max(len(line[at]) for line in lines) for at in range(len(fields))]
    lines[1:1] = [["─" * width for width in widths]] if rows else []
    for line in lines:
        padded = [
            text.ljust(width) if field.kind == "text" else text.rjust(width)
            for text, width, field in zip(line, widths, fields, strict=True)
        ]
        yield GAP.join(padded).rstrip()
    for note in sheet.notes:
        yield from textwrap.wrap(note, WIDTH)
