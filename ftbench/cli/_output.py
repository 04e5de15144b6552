"""What commands print: aligned tables, JSON, counted words."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from ftbench.cli._streams import after_work, complain
from ftbench.errors import BadValue, FtbenchError
from ftbench.printable import printable, printable_lines
from ftbench.secrets import masked
from ftbench.settings import sqlite_path

#: Characters of a cell in a listing.
LONGEST = 2000


def say(text: str = "") -> None:
    """Print a line on standard output."""
    typer.echo(printable_lines(masked(text)))


def tell(text: str = "") -> None:
    """Print a line on work that is done, or goes on, whether or not it can be read."""
    with after_work():
        say(text)


def note(text: str) -> None:
    """Print a line on standard error: what is not the command's result."""
    complain(printable_lines(masked(text)))


def print_json(value: Any) -> None:
    """Print a value as JSON, which has no infinity and no NaN: null stands for them."""
    say(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_rows(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[str] = (), empty: str = "nothing", digits: int = 6
) -> None:
    """Print rows as an aligned table; columns in which nothing stands are left out.

    On a terminal that is too narrow, texts are folded and columns come in blocks; on a pipe a row is a line.

    Args:
        rows: what to print, a mapping each.
        columns: the keys to print and their order; all of the first row by default.
        empty: what to say where there are no rows.
        digits: of a number with a fraction, at most.
    """
    if not rows:
        say(empty)
        return
    keys = [k for k in (columns or rows[0]) if any(row.get(k) not in (None, "") for row in rows)]
    cells = [[text(row.get(k), digits) for k in keys] for row in rows]
    heads = [key.replace("_", " ") for key in keys]
    widths = [max(len(head), *(len(line[i]) for line in cells)) for i, head in enumerate(heads)]
    right = [all(isinstance(row.get(k), int | float | None) for row in rows) for k in keys]
    room = _screen_width()
    if room is not None and sum(widths) + 2 * (len(widths) - 1) > room:
        _print_folded(heads, right, cells, room)
        return
    for line in [heads, *cells]:
        padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        say("  ".join(padded).rstrip())


def _print_folded(
    heads: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]], width: int
) -> None:
    from ftbench.render import printed

    named = tuple(printed.Head(head, right=r) for head, r in zip(heads, right, strict=True))
    cells = tuple(tuple(map(printed.plain, row)) for row in rows)
    for line in printed.terminal(printed.TextGrid(named, (("", cells),)), width=width):
        say(line)


def _screen_width() -> int | None:
    """The columns that a reader sees; None on a pipe, unless COLUMNS says."""
    if not (os.environ.get("COLUMNS") or sys.stdout.isatty()):
        return None
    return max(40, shutil.get_terminal_size((120, 24)).columns)


def print_card(card: Mapping[str, Any]) -> None:
    """Print a mapping: a line per entry, nested rows as tables, what is empty left out."""
    width = max((len(k) for k in card), default=0)
    for key, value in card.items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, list) and isinstance(value[0], Mapping):
            say(f"{key}:")
            print_rows(value)
        elif isinstance(value, list):
            for i, entry in enumerate(value):
                _say_beside(key if i == 0 else "", text(entry), width)
        else:
            _say_beside(key, text(value), width)


def _say_beside(key: str, value: str, width: int) -> None:
    """Print an entry of a card; what is longer than the terminal goes on below itself."""
    room = _screen_width()
    lines = [value]
    if room is not None and width + 2 + len(value) > room:
        from ftbench.render import printed

        lines = printed.folded(value, max(20, room - width - 2))
    for at, line in enumerate(lines):
        say(f"{'' if at else key:{width}}  {line}")


def text(value: Any, digits: int = 6) -> str:
    """A value as a cell shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, Mapping):
        return " ".join(f"{k}={text(v) if v is not None else 'none'}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(text(v) for v in value)
    return printable(str(value))[:LONGEST]


def counted(number: int, word: str) -> str:
    """``1 job``, ``2 jobs``."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def check_output(flag: str, given: str | Path | None, address: str) -> None:
    """Refuse a file that cannot be written, or must not be, before work is spent on what goes into it.

    Args:
        flag: that names the file.
        given: the file; None where the flag was not given.
        address: of the database, which no output may replace.

    Raises:
        BadValue: it is no file's name, a folder or the database.
        FtbenchError: its folder does not exist, or it may not be written.
    """
    if given is None:
        return
    path, database = Path(given), sqlite_path(address)
    if not path.name or path.is_dir():
        raise BadValue(f"{flag} '{given}': name a file")
    if not path.absolute().parent.is_dir():
        raise FtbenchError(f"{path}: cannot be written: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise FtbenchError(f"{path}: cannot be written: permission denied")
    if database is not None and path.exists() and database.exists() and path.samefile(database):
        raise BadValue(f"{flag} {path} is the database: name another file")


def at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirmed(question: str, yes: bool | None) -> bool:
    """Ask where somebody can answer; not on a pipe, and not with ``--yes``."""
    return bool(yes) or not at_terminal() or typer.confirm(question)
