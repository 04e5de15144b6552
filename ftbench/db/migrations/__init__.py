"""The database's schema, revision by revision, run through Alembic's interface (no ``alembic.ini``)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

# A revision's file begins with its number: 0001_….py; numbers rise.
REVISIONS = tuple(sorted(path.name[:4] for path in Path(__file__).parent.glob("versions/[0-9]*.py")))
HEAD = REVISIONS[-1]


def migrate(connection: Connection, revision: str = HEAD) -> None:
    """Bring an empty or older database to a revision, inside the transaction that is open.

    Args:
        connection: with the transaction, and without enforced foreign keys.
        revision: where to stop.
    """
    # Alembic takes a tenth of a second to load and only few commands migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ftbench.db:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
