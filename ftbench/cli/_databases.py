"""Opening the database of a command, once: what is asked of it is asked of the open one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ftbench.cli._output import counted, note
from ftbench.errors import DatabaseMissing, FtbenchError
from ftbench.printable import printable
from ftbench.settings import DEFAULT_DATABASE

if TYPE_CHECKING:
    from ftbench.db import Database
    from ftbench.services.reporting.request import ReportRequest


def named(address: str) -> str:
    """What a command that is printed needs to find the database: `` --db FILE``, "" for the usual one."""
    from ftbench.domain import shell

    return "" if address == DEFAULT_DATABASE else f" --db {shell.quoted(address)}"


@contextmanager
def reading(address: str) -> Iterator[Database]:
    """A database, without a right to write.

    Raises:
        DatabaseError: there is none, or it cannot be read.
    """
    from ftbench.db import open_database

    with _telling(open_database(address, write=False)) as database:
        yield database


@contextmanager
def _telling(opened: Database) -> Iterator[Database]:
    """An open database, of which is told at the end what could not be believed."""
    with opened as database:
        try:
            yield database
        finally:
            tell_aside(database)


def _opened(address: str, *, write: bool = False) -> Database | None:
    """A database; None where there is none.

    Raises:
        DatabaseError: it cannot be opened.
    """
    from ftbench.db import open_database

    try:
        return open_database(address, write=write)
    except DatabaseMissing:
        return None


def tell_aside(database: Database) -> None:
    """Say how many rows were left out because they cannot be believed, and why the first one was."""
    aside = database.aside
    if aside:
        first, reason = next(iter(aside.items()))
        left = counted(len(aside), "row") + (" is" if len(aside) == 1 else " are")
        note(f"{left} left out as unreadable: {printable(first)[:40]}: {reason}")


@contextmanager
def reading_if_there(address: str) -> Iterator[Database | None]:
    """The same; None where there is none.

    Raises:
        DatabaseError: it cannot be read.
    """
    opened = _opened(address)
    if opened is None:
        yield None
        return
    with _telling(opened) as database:
        yield database


@contextmanager
def reported(address: str, request: ReportRequest) -> Iterator[Database]:
    """The database that tables are read from.

    Raises:
        NothingToReport: there is none; the text says which command would make and fill it.
        UsageError: there is none, and the request names what nothing carries.
        DatabaseError: it cannot be read.
    """
    opened = _opened(address)
    if opened is None:
        from ftbench.services.reporting import build

        raise build.nothing_there(address, request)
    with _telling(opened) as database:
        yield database


@contextmanager
def compared(address: str, *, write: bool = False) -> Iterator[Database]:
    """The database whose runs are compared.

    Raises:
        FtbenchError: there is none, or it cannot be opened.
    """
    opened = _opened(address, write=write)
    if opened is None:
        from ftbench.services.planning.commands import for_table
        from ftbench.services.scores.selection import Selection

        filled = for_table(Selection(), address)
        raise FtbenchError(f"there is no database '{address}'; make and fill it with: {filled}")
    with _telling(opened) as database:
        yield database


@contextmanager
def studied(address: str) -> Iterator[Database]:
    """The database whose studies are read.

    Raises:
        NothingToReport: there is none; the text says which command would declare a study.
        DatabaseError: it cannot be read.
    """
    opened = _opened(address)
    if opened is None:
        from ftbench.errors import NothingToReport
        from ftbench.services.planning.declaring import declare_command

        declare = declare_command(address)
        raise NothingToReport(f"there is no database '{address}'; make it with a study: {declare}")
    with _telling(opened) as database:
        yield database
