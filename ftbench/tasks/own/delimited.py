"""CSV and TSV files: a header, and as many cells in every row as it names."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from ftbench.errors import OwnDataError
from ftbench.tasks.own.table import Table, short, shown_path, text_lines

_LONGEST = 1 << 24  # characters of a cell
_Records = Iterator[tuple[int, list[str]]]  # with the line, from 1, that each begins in


def read_csv(path: Path) -> Table:
    """A file with commas; or with semicolons or tabs, where its header has more of these.

    Quotes hold a cell together; they are doubled inside it.

    Raises:
        OwnDataError: it cannot be read, a row has another number of cells, or a quote does not end.
    """
    lines = _lines(path)
    sign = max(",;\t", key=lines[0].count)
    return _table(path, _quoted(path, lines, sign))


def read_tsv(path: Path) -> Table:
    """A file with tabs: a line is a row, and quotes mean nothing but around a whole cell.

    Raises:
        OwnDataError: it cannot be read, or a row has another number of cells.
    """
    lines = _lines(path)
    return _table(path, ((n, [_bare(x) for x in line.split("\t")]) for n, line in enumerate(lines, 1)))


def _lines(path: Path) -> list[str]:
    lines = text_lines(path)
    if not lines[0].strip():
        raise OwnDataError(f"{shown_path(path)}, line 1: is blank; the columns' names should stand there")
    return lines


def _bare(cell: str) -> str:
    """A cell without the quotes that a program has put around it."""
    inside = cell[1:-1]
    whole = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inside.replace('""', "")
    return inside.replace('""', '"') if whole else cell


def _quoted(path: Path, lines: Iterable[str], sign: str) -> _Records:
    before = csv.field_size_limit(_LONGEST)
    start, reader = 1, csv.reader((f"{line}\n" for line in lines), delimiter=sign, strict=True)
    try:
        for record in reader:
            yield start, record
            start = reader.line_num + 1
    except csv.Error as error:
        where = f"{shown_path(path)}, line {start}"
        if "unexpected end" in str(error) or "field larger" in str(error):
            raise OwnDataError(f"{where}: a quote opens here and never ends") from None
        told = f"a quote inside a cell is written twice; after one that ends a cell comes '{sign}'"
        raise OwnDataError(f"{where}: {told if 'expected after' in str(error) else error}") from None
    finally:
        csv.field_size_limit(before)


def _table(path: Path, records: _Records) -> Table:
    name = shown_path(path)
    _, header = next(records)
    names = [cell.strip() for cell in header]
    for at, column in enumerate(names):
        if not column:
            raise OwnDataError(f"{name}, line 1: column {at + 1} has no name")
        if column in names[:at]:
            raise OwnDataError(f"{name}, line 1: two columns are called '{short(column)}'")
    rows: list[list[str]] = []
    places: list[tuple[str, str]] = []
    for line, record in records:
        if not any(cell.strip() for cell in record) and len(record) <= 1:
            continue
        if len(record) != len(names):
            cells = f"{len(record)} cell{'' if len(record) == 1 else 's'}"
            raise OwnDataError(f"{name}, line {line}: {cells} where the header names {len(names)}")
        rows.append(record)
        places.append((name, f"line {line}"))
    if not rows:
        raise OwnDataError(f"{name}: has a header and no rows")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return Table(columns, places)
