"""PublishedNumbers: what papers print, beside the results, for those who read them with other tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select

from ftbench.db.engine import Store
from ftbench.db.tables import published


class PublishedNumbers:
    """The table ``published``."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def count(self) -> int:
        """How many numbers there are."""
        with self._store.reading() as connection:
            return int(connection.scalar(select(func.count()).select_from(published)) or 0)

    def put(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the numbers of some sources, in place of all that the table had of them.

        Args:
            rows: the columns of the table, each row whole.
        """
        values = [dict(row) for row in rows]
        sources = {row["source"] for row in values}
        with self._store.writing(alone=True) as transaction:
            transaction.connection.execute(delete(published).where(published.c.source.in_(sources)))
            transaction.connection.execute(insert(published), values)

    def list(self, source: str | None = None) -> list[dict[str, Any]]:
        """The numbers, of one source where it is named."""
        query = select(published).order_by(published.c.source, published.c.exhibit)
        if source is not None:
            query = query.where(published.c.source == source)
        with self._store.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
