"""The copy that is published: one state, clean, under the name that readers have it by."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ftbench.db import create_database
from ftbench.errors import FtbenchError
from ftbench.services.publishing.snapshot import opened, take
from tests.services.publishing.example import TOKEN, fill
from tests.services.stored import finish, job_of


def test_the_copy_calls_itself_by_the_name_that_commands_leave_out(original: Path, tmp_path: Path) -> None:
    take(str(original), tmp_path / "copy.db")
    with opened(tmp_path / "copy.db") as database:
        assert database.address == "ftbench.db"


def test_what_is_wrong_with_the_database_is_told_of_the_original(tmp_path: Path) -> None:
    fill(tmp_path / "ours.db")
    with sqlite3.connect(tmp_path / "ours.db") as connection:
        connection.execute("UPDATE scores SET value = 0.99 WHERE value = 0.7")
    connection.close()
    judged = take(str(tmp_path / "ours.db"), tmp_path / "copy.db")
    assert any(one.kind == "changed by hand" for one in judged.troubles)


def test_a_secret_where_nothing_may_be_changed_is_refused(tmp_path: Path) -> None:
    with create_database(str(tmp_path / "ours.db")) as database:
        finish(database, job_of("vanilla", "rte", 0), 0.5, label=f"vanilla[{TOKEN}]")
    with pytest.raises(FtbenchError, match="the column label of jobs holds what looks like a token"):
        take(str(tmp_path / "ours.db"), tmp_path / "copy.db")
