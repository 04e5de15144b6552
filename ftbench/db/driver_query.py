"""Queries in the words of a database's driver."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, text


class DriverQuery(NamedTuple):
    """A query as a driver takes it."""

    sql: str
    values: Any


def asked_of(connection: Connection, query: Select[Any]) -> DriverQuery:
    """A query in the words of a connection's driver; lists of values are spelled out."""
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    return DriverQuery(str(compiled), compiled.params)


def in_its_words(sql: str, connection: Connection, compiled: dict[str, str]) -> str:
    """A statement in the driver's own way of naming parameters; ``compiled`` keeps it for the next time."""
    if sql not in compiled:
        compiled[sql] = str(text(sql).compile(dialect=connection.dialect))
    return compiled[sql]
