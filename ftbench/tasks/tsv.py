"""Tab-separated files of the official layout, without quoting."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from ftbench import content
from ftbench.domain.task import RowSet, TaskSpec, TsvFile
from ftbench.errors import DataError, DataMissing
from ftbench.tasks.rows import Rows, read_label, rows_of


def missing(task: TaskSpec, folder: Path) -> list[str]:
    """The official files that a folder lacks, by their path below it; empty where the task has none."""
    return [name for name, path in _files(task, folder).items() if not path.is_file()]


def digest(task: TaskSpec, folder: Path) -> str:
    """The digest of the task's files in a folder that has them all."""
    return content.digest(_files(task, folder))


def read(task: TaskSpec, rows: RowSet, folder: Path) -> Rows:
    """Read one set.

    A line ends at a newline and nowhere else, and a cell at a tab: quotes mean nothing in these files, and
    some of them hold other line separators inside a sentence.

    Raises:
        DataError: the file cannot be read, a line has another number of columns than the header, or a label
            is none; names the file and the line.
    """
    assert rows.tsv is not None
    path = folder / rows.tsv.path
    try:
        with open(path, "rb") as file:
            return _read(task, rows.tsv, path, iter(file))
    except OSError as error:
        raise DataMissing(f"{path}: {error.strerror or error}") from None


def _files(task: TaskSpec, folder: Path) -> dict[str, Path]:
    sets = (task.train, *task.evaluation)
    return {rows.tsv.path: folder / rows.tsv.path for rows in sets if rows.tsv is not None}


def _read(task: TaskSpec, tsv: TsvFile, path: Path, lines: Iterator[bytes]) -> Rows:
    cells = _cells(path, lines)
    width, start = tsv.width, 0
    names: list[str] = []
    if tsv.header:
        start, names, _ = next(cells, (1, [], True))
        width = len(names)
    text = [_position(column, names, path) for column in tsv.text]
    label = _position(tsv.label, names, path)
    part = _position(tsv.only[0], names, path) if tsv.only else 0
    texts: tuple[list[str], ...] = tuple([] for _ in text)
    labels: list[int | float] = []
    broken, number = 0, start
    for number, row, complete in cells:
        if len(row) != width:
            broken += 1
            if broken <= tsv.broken and complete and len(row) < width:
                continue
            _fail(
                path,
                number,
                f"{_columns(len(row))} where there should be {width}{_cut(len(row), width, complete)}",
            )
        if row[label] in tsv.unlabelled or (tsv.only and row[part] != tsv.only[1]):
            continue
        try:
            labels.append(read_label(task, row[label]))
        except ValueError as error:
            _fail(path, number, str(error))
        for column, position in zip(texts, text, strict=True):
            column.append(row[position])
    if not labels:
        _fail(path, number or 1, "no rows")
    return rows_of(task, texts, labels)


def _cells(path: Path, lines: Iterator[bytes]) -> Iterator[tuple[int, list[str], bool]]:
    """Line number, cells, and whether the line ends in a newline; blank lines at the end are left out."""
    blank = 0
    for number, raw in enumerate(lines, 1):
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        line = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not line:
            blank = blank or number
            continue
        if blank:
            _fail(path, blank, "a blank line")
        try:
            yield number, line.decode().split("\t"), raw.endswith(b"\n")
        except UnicodeDecodeError:
            _fail(path, number, "not UTF-8 text")


def _position(column: str | int, names: list[str], path: Path) -> int:
    if isinstance(column, int):
        return column
    if column not in names:
        shown = ", ".join(names[:16]) if len(names) > 1 else "no tab-separated names"
        _fail(path, 1, f"no column '{column}' in the header ({shown})")
    return names.index(column)


def _columns(count: int) -> str:
    return f"{count} column{'' if count == 1 else 's'}"


def _cut(count: int, width: int, complete: bool) -> str:
    return "; the file ends inside this line" if count < width and not complete else ""


def _fail(path: Path, line: int, what: str) -> NoReturn:
    raise DataError(f"{path}, line {line}: {what}")
