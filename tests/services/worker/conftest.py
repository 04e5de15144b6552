"""What tests of workers in processes of their own need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.worker.processes import Driver


@pytest.fixture
def drivers() -> Iterator[list[Driver]]:
    started: list[Driver] = []
    yield started
    for driver in started:
        driver.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For the logs of workers; not made yet."""
    return tmp_path / "work" / "workers"
