"""The state of a database that is published: one moment of it, and clean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ftbench.db import Database, backup_database, open_database
from ftbench.db.health import Trouble
from ftbench.db.scrubbing import scrub
from ftbench.errors import FtbenchError
from ftbench.secrets import masked
from ftbench.services.publishing.cleaning import cleaned
from ftbench.services.scores.stale import Stale, codes_of, one_code, stale
from ftbench.settings import DEFAULT_DATABASE

#: Columns that no copy may change, for digests are over them.
_SEALED = {
    "jobs": ("spec", "label"),
    "claims": ("text",),
    "topups": ("name", "pairs"),
    "studies": ("name",),
    "scores": ("evaluation", "metric"),
}


@dataclass(frozen=True)
class Judged:
    """What only this machine, or the database as it was, can tell.

    Attributes:
        stale: which scores come from other code than stands here, by method.
        troubles: what a check of the database finds.
    """

    stale: Stale
    troubles: tuple[Trouble, ...]


def take(address: str, target: Path) -> Judged:
    """Copy a database as it is at one moment, and clean the copy.

    Args:
        address: of the database; others may work in it meanwhile.
        target: a file that is not there.

    Raises:
        DatabaseError: there is none, or it cannot be read.
        FtbenchError: something that no copy may change looks like a secret.
    """
    backup_database(address, target)
    with open_database(str(target), write=False) as database:
        judged = _judged(database)
        _refuse_secrets(database)
    scrub(target, cleaned)
    return judged


@contextmanager
def opened(target: Path) -> Iterator[Database]:
    """The copy, by the name that readers have it by: pages show commands with it."""
    with open_database(str(target), write=False) as database:
        database.address = DEFAULT_DATABASE
        yield database


def _judged(database: Database) -> Judged:
    troubles = tuple(database.health.troubles())
    cells = database.results.cells()
    codes = codes_of(database, cells)
    kept = one_code(cells, codes)
    return Judged(stale((cell for cell in kept if cell.scored or cell.aside), codes), troubles)


def _refuse_secrets(database: Database) -> None:
    for table, columns in _SEALED.items():
        for row in database.query(f"SELECT DISTINCT {', '.join(columns)} FROM {table}")[1]:
            for name, value in zip(columns, row, strict=True):
                if isinstance(value, str) and masked(value) != value:
                    raise FtbenchError(
                        f"the column {name} of {table} holds what looks like a token or a password, and its "
                        "digest is over it: nothing is published; cancel or delete those rows first"
                    )
