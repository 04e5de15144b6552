"""A folder that is published once for all tests, and what is read of its database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftbench.db import Database, open_database
from ftbench.services.publishing.evidence import Evidence, gather
from ftbench.services.publishing.publish import PublishRequest, publish
from tests.services.publishing.example import ODD, fill


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that is published."""
    return fill(tmp_path_factory.mktemp("original") / "ours.db")


@pytest.fixture(scope="session")
def site(original: Path) -> Path:
    """The published folder; tests that write take one of their own."""
    place = original.parent / "site"
    publish(str(original), PublishRequest(place, f"Ours {ODD}"))
    return place


@pytest.fixture(scope="session")
def opened(site: Path) -> Iterator[Database]:
    """The database in it."""
    with open_database(str(site / "ftbench.db"), write=False) as database:
        yield database


@pytest.fixture(scope="session")
def evidence(opened: Database) -> Evidence:
    return gather(opened)


def text_of(site: Path, name: str) -> str:
    return (site / name).read_text(encoding="utf-8")
