"""A database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftbench.db import Database, create_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with create_database(str(tmp_path / "ftbench.db")) as database:
        yield database
