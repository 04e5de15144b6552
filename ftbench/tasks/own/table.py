"""A table of a user's own: its columns with their values as they were written, and where each row stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from ftbench.errors import OwnDataError
from ftbench.printable import printable


@dataclass(frozen=True)
class Table:
    """The rows of one or several files.

    Attributes:
        columns: name -> the value of every row.
        places: of every row, its file and its line or row, as errors name it.
        called: column -> what the numbers in it stand for, where the file says so.
    """

    columns: Mapping[str, Sequence[object]]
    places: Sequence[tuple[str, str]]
    called: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.places)

    def fail(self, row: int, what: str) -> NoReturn:
        """Raise ``OwnDataError`` about a row, counted from 0."""
        name, at = self.places[row]
        raise OwnDataError(f"{name}, {at}: {what}")


def under_each_other(tables: Sequence[Table]) -> Table:
    """The rows of several files under each other.

    Raises:
        OwnDataError: their columns are not the same.
    """
    first = tables[0]
    for table in tables[1:]:
        odd = set(table.columns) ^ set(first.columns)
        if odd:
            names = [one.places[0][0] if one.places else "a file without rows" for one in (first, table)]
            raise OwnDataError(f"{' and '.join(names)}: column '{min(odd)}' stands in one of them alone")
    columns = {name: [v for one in tables for v in one.columns[name]] for name in first.columns}
    return Table(columns, [place for one in tables for place in one.places], first.called)


def shown_path(path: Path) -> str:
    """A path as messages name it: from here where it lies below, else whole."""
    try:
        return printable(str(path.absolute().relative_to(Path.cwd())))
    except (ValueError, OSError):
        return printable(str(path))


def short(value: object) -> str:
    """A value as messages quote it."""
    text = printable(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def text_lines(path: Path) -> list[str]:
    """The text of a file, line by line without their ends; a mark of the byte order before it is taken off.

    Raises:
        OwnDataError: it cannot be read, is empty, is not UTF-8, or has a zero byte; names the line.
    """
    name, content = shown_path(path), bytes_of(path)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise OwnDataError(f"{name}: is UTF-16; save it as UTF-8")
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise OwnDataError(f"{name}, line {line}: a zero byte; the file is damaged, or no text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise OwnDataError(f"{name}, line {line}: not UTF-8 text; save it as UTF-8") from None
    if not text.strip():
        raise OwnDataError(f"{name}: is empty")
    ended = text if "\n" in text else text.replace("\r", "\n")
    return [line.removesuffix("\r") for line in ended.split("\n")]


def bytes_of(path: Path) -> bytes:
    """What a regular file holds.

    Raises:
        OwnDataError: it cannot be read.
    """
    if not path.is_file():
        raise OwnDataError(f"{shown_path(path)}: {'is no file' if path.exists() else 'does not exist'}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise OwnDataError(f"{shown_path(path)}: cannot be read: {error.strerror or error}") from None
