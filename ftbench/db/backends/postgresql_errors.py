"""What PostgreSQL's errors mean for a user: one line each, without a password."""

from __future__ import annotations

import re

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ftbench.db.tables import metadata
from ftbench.errors import (
    BadValue,
    DatabaseBusy,
    DatabaseError,
    DatabaseReadOnly,
    NotOurDatabase,
    UsageError,
    nearest,
)
from ftbench.secrets import masked

_LATER = "trying again until it can be used"
#: What a connection that does not come about is told, in English or as the server's language has it.
_REFUSED: tuple[tuple[str, str], ...] = (
    (
        r"no password supplied|password authentication failed",
        "{said}: put the password into ~/.pgpass (PGPASSFILE), or the whole address into FTBENCH_DB",
    ),
    (r'database "(?P<name>[^"]*)" does not exist', "{said}: `createdb {name}` on the server makes it"),
    (r'role "[^"]*" does not exist', "{said}: name the user in the address, postgresql://USER@HOST/NAME"),
    (r"no pg_hba.conf entry", "{said}: ask its owner to let you in"),
    (r"definition of service .* not found", "{said}: see ~/.pg_service.conf (PGSERVICEFILE)"),
    (r"invalid connection option|invalid (?:integer )?value|invalid sslmode|missing \"=\"", "{said}"),
    (r"certificate|does not support SSL", "{said}"),
)
#: What ends by itself, or when somebody has made room; by the first letters of SQLSTATE.
_PASSING = ("08", "53", "57P", "25P03", "40", "55P03", "57014", "58")
_MESSAGES = {
    "53300": "has no connection free: it needs one for each worker (max_connections)",
    "53100": "has no space left on its disk: free some, nothing was written",
    "57014": "took too long for the server's statement_timeout",
    "55P03": "is locked by another program: end it, or try again",
}

_READS_ONLY = ("25006", "42501", "0A000", "42601")  # whatever is no query is no syntax, either


def meaning(error: BaseException, shown: str, secret: str) -> DatabaseError | None:
    """What a driver's error means; None where it can only be a bug of ours.

    Args:
        error: of psycopg, or of SQLAlchemy around one.
        shown: the database's address without a password.
        secret: the password, which the driver may name.
    """
    if isinstance(error, PoolTimeout):
        return DatabaseBusy(f"{shown}: another thread of this program uses its connection", _LATER)
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg.Error):
        return None
    code, said = cause.sqlstate or "", _said(cause, secret)
    if code in _MESSAGES:
        return _busy(f"{shown} {_MESSAGES[code]}")
    if code.startswith(_PASSING):
        return _busy(f"{shown} cannot be used just now ({said})")
    if code == "25006":
        return DatabaseReadOnly(f"{shown} is read-only ({said}): name the server that others copy")
    if code == "42501":
        return DatabaseReadOnly(f"{shown} does not let you do this ({said}): ask its owner for the right")
    if code in ("42P01", "42703"):
        lacking = "table" if code == "42P01" else "column"
        return NotOurDatabase(f"{shown} lacks a {lacking} of ftbench ({said}): restore a backup")
    if code.startswith("XX"):
        return DatabaseError(f"{shown} is damaged ({said}): see the server's log, or restore a backup")
    if code or not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return None
    return _unconnected(shown, said)


def _unconnected(shown: str, said: str) -> DatabaseError:
    """A connection that did not come about, or is gone; of these the driver has words alone."""
    for pattern, words in _REFUSED:
        if found := re.search(pattern, said):
            return DatabaseError(f"{shown}: " + words.format(said=said, **found.groupdict()))
    if re.search(r"too many (clients|connections)|connection slots", said):
        return _busy(f"{shown} {_MESSAGES['53300']}")
    return _busy(f"{shown} does not answer ({said})", absent="starting up" not in said)


def _busy(message: str, *, absent: bool = False) -> DatabaseBusy:
    return DatabaseBusy(message, f"{message}: {_LATER}", absent=absent)


def _said(error: psycopg.Error, secret: str) -> str:
    """The server's own words, or the driver's, in one line and without what only programs read."""
    text = error.diag.message_primary or str(error)
    text = text.replace(secret, "***") if secret else text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    text = re.sub(r"^connection (failed|is bad): ", "", text)
    text = re.sub(r"^connection to server (at|on socket) .*? failed: (FATAL: +)?", "", text)
    return masked(text)[:300]


def query_mistake(error: BaseException) -> UsageError | None:
    """What is wrong with a query that a user wrote; None where it is not the query."""
    if isinstance(error, UnicodeEncodeError):
        return BadValue("query: it has what is no character")
    if not isinstance(error, psycopg.Error):
        return None
    code, said = error.sqlstate or "", " ".join((error.diag.message_primary or str(error)).split())
    if code in _READS_ONLY:
        return BadValue(f"the database refuses this ({said}): it answers queries only, SELECT …")
    if not code or code.startswith((*_PASSING, "XX")):
        return None
    hint = ""
    if code in ("42703", "42P01") and (found := re.search(r'["«„»“]([^"»“«”]+)["»“«”]|column (\S+)', said)):
        name = (found[1] or found[2]).rpartition(".")[2]
        tables = metadata.tables.values()
        known = {c.name for t in tables for c in t.columns} if code == "42703" else metadata.tables
        hint = nearest(name, known)
    return BadValue(f"query: {said}{hint}")
