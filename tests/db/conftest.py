"""A database for each test, on every system; see ``address`` in the conftest above."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ftbench.db import Database, create_database


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """An empty database, open for writing."""
    with create_database(address) as opened:
        yield opened
