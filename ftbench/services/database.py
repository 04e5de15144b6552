"""Database: made, brought to this version, and filled with the numbers that papers print."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ftbench.db import Database, create_database, upgrade_database
from ftbench.suites import published


def init(address: str) -> None:
    """Make a database where there is none, with the published numbers in it."""
    with create_database(address) as database:
        fill_published(database)


def upgrade(address: str) -> Path | None:
    """Bring a database to this version, with this version's published numbers.

    Returns:
        The copy of what it was; None where its form is this version's already.
    """
    copy = upgrade_database(address)
    init(address)
    return copy


def fill_published(database: Database) -> None:
    """Write the published numbers into a database that has another number of them."""
    cells = published.cells()
    if database.published.count() != len(cells):
        database.published.put(asdict(cell) for cell in cells)
