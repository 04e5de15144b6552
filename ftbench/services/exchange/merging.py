"""Merging: what other databases have, taken over by this one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from ftbench.db import Database, Merged, create_database, open_database
from ftbench.domain import shell
from ftbench.errors import BadValue, DatabaseError
from ftbench.settings import sqlite_path


def merge_all(address: str, others: Sequence[str]) -> Iterator[tuple[str, Merged]]:
    """Take over what databases have, one after the other, each all or nothing; again changes nothing.

    All of them are read and checked before the first row is written.

    Args:
        address: the database that takes; made where there is none.
        others: the addresses of those that are read.

    Yields:
        Each address, and what became of its rows.

    Raises:
        BadValue: one of them is the database itself.
        DatabaseError: one cannot be read, is of an older or newer version, or has trouble in it.
    """
    with ExitStack() as stack:
        opened = [stack.enter_context(_believed(address, other)) for other in others]
        with create_database(address) as database:
            for other in opened:
                yield other.address, database.merge(other)


def _believed(address: str, other: str) -> Database:
    """A database without trouble, open for reading."""
    mine, theirs = sqlite_path(address), sqlite_path(other)
    if address == other if mine is None or theirs is None else _same(mine, theirs):
        raise BadValue(f"{other} is the database that is merged into: name another one")
    database = open_database(other, write=False)
    try:
        troubles = database.health.troubles()
        if troubles:
            first = troubles[0]
            check = f"ftbench db check --db {shell.quoted(other)}"
            where = f" in {first.table}" if first.table else ""
            raise DatabaseError(
                f"{other} is not merged: {first.kind}{where} ({first.first:.200}): `{check}` says more"
            )
    except BaseException:
        database.close()
        raise
    return database


def _same(mine: Path, theirs: Path) -> bool:
    return mine.exists() and theirs.exists() and mine.samefile(theirs)
