"""Which system an address is of."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ftbench.db.backends.base import Backend
from ftbench.db.backends.sqlite import Sqlite
from ftbench.errors import BadValue, DatabaseError, nearest
from ftbench.secrets import HIDDEN, masked
from ftbench.settings import sqlite_path

#: How addresses of PostgreSQL begin; all mean the same driver.
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_FORMS = "give the path of a SQLite file, sqlite:///PATH or postgresql://USER@HOST/NAME (--db, FTBENCH_DB)"


def backend_of(address: str) -> Backend:
    """The backend of an address; the place to add the next one.

    Raises:
        BadValue: it is of nothing that is known.
        DatabaseError: the system's driver is not installed.
    """
    path, shown = sqlite_path(address), masked(address)  # whoever logs this must not learn a password
    if path is not None:
        if str(path) in ("", ".", ":memory:"):
            raise BadValue(f"'{shown}' is not a SQLite file: {_FORMS}")
        return Sqlite(path, address)
    kind = address.partition("://")[0]
    if kind not in _POSTGRESQL:
        hint = nearest(kind, ("sqlite", *_POSTGRESQL[:2]))
        raise BadValue(f"'{shown}' is no database that is known{hint}; {_FORMS}")
    try:
        url = make_url(f"postgresql+psycopg://{address.partition('://')[2]}")
    except (ArgumentError, ValueError):
        raise BadValue(f"'{shown}' cannot be read: {_FORMS}") from None
    try:
        from ftbench.db.backends.postgresql import Postgresql
    except ImportError as error:
        if "psycopg" not in str(error) and "pq wrapper" not in str(error):
            raise
        raise DatabaseError(
            "PostgreSQL needs a driver that is not installed here: run `pip install 'ftbench[postgres]'`"
        ) from error
    return Postgresql(_without_mask(url), shown)


def _without_mask(url: URL) -> URL:
    """An address as ftbench has shown it, whose password the driver is to find where it usually does."""
    if url.password == HIDDEN:
        url = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    hidden = [name for name, value in url.query.items() if value == HIDDEN]
    return url.difference_update_query(hidden)
