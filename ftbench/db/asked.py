"""Queries in the words of a driver, put so once and asked again and again."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select


class DriverQuery(NamedTuple):
    """A query as a driver takes it."""

    sql: str
    values: Any


def asked_of(connection: Connection, query: Select[Any]) -> DriverQuery:
    """A query in the words of a connection's driver; lists of values are spelled out."""
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    return DriverQuery(str(compiled), compiled.params)
