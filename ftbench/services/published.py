"""The numbers that papers print: into a database, and as a list."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ftbench.db import Database, create_database, upgrade_database
from ftbench.errors import UnknownName
from ftbench.suites import published


def init(address: str) -> None:
    """Make a database where there is none, with the published numbers in it."""
    with create_database(address) as database:
        fill(database)


def upgrade(address: str) -> bool:
    """Bring a database to this version, with this version's published numbers; whether its form changed."""
    changed = upgrade_database(address)
    init(address)
    return changed


def fill(database: Database) -> None:
    """Write the published numbers into a database that has another number of them."""
    cells = published.cells()
    if database.published.count() != len(cells):
        database.published.put(asdict(cell) for cell in cells)


def listed(source: str | None = None) -> list[dict[str, Any]]:
    """The published numbers as rows, of one paper or one table (``bidrop/table5``) where named.

    Raises:
        UnknownName: no such paper or table.
    """
    name = (source or "").strip().lower()
    paper, _, exhibit = name.partition("/")
    found = [
        cell
        for cell in published.cells()
        if cell.source == (paper or cell.source) and cell.exhibit == (exhibit or cell.exhibit)
    ]
    if not found:
        known = {f"{cell.source}/{cell.exhibit}" for cell in published.cells()} | set(published.SOURCES)
        raise UnknownName("paper or table", name, known)
    faults = published.faults()
    return [{**asdict(cell), "fault": faults.get(cell.key, "")} for cell in found]
