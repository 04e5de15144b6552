"""The storage tests are written once; a new backend is a new parameter of ``address``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftbench.db import Database, create_database


@pytest.fixture(params=["sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that is not there yet."""
    assert request.param == "sqlite"
    return str(tmp_path / "runs.db")


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """An empty database, open for writing."""
    with create_database(address) as opened:
        yield opened
