"""The database as a whole: made, upgraded, copied."""

from __future__ import annotations

from pathlib import Path

from ftbench import db


def init(address: str) -> None:
    """Make the database where there is none; one that is there stays as it is."""
    db.create_database(address).close()


def upgrade(address: str) -> bool:
    """Bring the database to this version's schema; whether anything had to be changed."""
    return db.upgrade_database(address)


def backup(address: str, target: Path) -> None:
    """Copy the database to a new file, consistent while others work on it."""
    db.backup_database(address, target)
