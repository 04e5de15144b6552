"""Queries of users: answered by the database, which itself refuses whatever is not one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ftbench.db import Database, create_database, open_database
from ftbench.errors import BadValue, DatabaseError
from tests.db.samples import ONLY_POSTGRESQL, ONLY_SQLITE, RESULT, claim, entry


@pytest.fixture
def filled(address: str) -> str:
    with create_database(address) as database:
        database.jobs.add([entry(0), entry(1)])
        database.jobs.finish(claim(database), RESULT)
    return address


def test_a_query_has_columns_and_rows(filled: str) -> None:
    with open_database(filled, write=False) as database:
        columns, rows = database.query("SELECT metric, value FROM scores ORDER BY metric")
        assert (columns, rows) == (("metric", "value"), [("accuracy", 0.75), ("f1", 0.5)])
        assert database.query("WITH x AS (SELECT 1 AS a) SELECT a FROM x WHERE a > 1") == (("a",), [])


CHANGES = [
    "DELETE FROM jobs",
    "UPDATE scores SET value = 1",
    "INSERT INTO settings VALUES ('a', 'b')",
    "DROP TABLE scores",
    "CREATE TABLE mine (a)",
    "CREATE TEMP TABLE mine (a)",
    "ATTACH DATABASE 'other.db' AS other",
    "PRAGMA writable_schema = 1",
    "PRAGMA query_only = 0",
    "VACUUM INTO 'copy.db'",
    "COMMIT",
    "SAVEPOINT a",
    "WITH x AS (SELECT 1) DELETE FROM jobs",
    "/* SELECT */ REPLACE INTO settings VALUES ('a', 'b')",
    "SELECT load_extension('evil')",
    "COMMIT; DROP TABLE scores",
    "SELECT 1; COMMIT; DROP TABLE scores",
    "SET TRANSACTION READ WRITE",
    "COPY jobs TO PROGRAM 'touch here'",
    "DO $$ BEGIN DROP TABLE scores; END $$",
    "SELECT * FROM jobs FOR UPDATE",
    "WITH x AS (DELETE FROM jobs RETURNING 1) SELECT * FROM x",
]


@pytest.mark.parametrize("sql", CHANGES)
@pytest.mark.parametrize("write", [False, True])
def test_the_database_refuses_what_would_change_something(
    filled: str, sql: str, write: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_database(filled, write=write) as database:
        before = database.query("SELECT digest, state FROM jobs")
        with pytest.raises(
            BadValue,
            match="the database refuses this|cannot VACUUM|load_extension|syntax error|one statement",
        ):
            database.query(sql)
        assert database.query("SELECT digest, state FROM jobs") == before
        assert not database.query("SELECT 1 FROM settings WHERE name = 'a'")[1]
    assert {path.name for path in tmp_path.iterdir()} <= {"runs.db", "runs.db-wal", "runs.db-shm"}


def test_a_database_open_for_writing_can_be_written_after_a_query(database: Database) -> None:
    database.query("SELECT 1")
    assert database.jobs.add([entry(0)]).added == 1


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT labl FROM jobs", "no such column: labl; did you mean 'label'?"),
        ("SELECT j.sed FROM jobs j", "no such column: j.sed; did you mean 'seed'?"),
        ("SELECT * FROM score", "no such table: score; did you mean 'scores'?"),
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT :a", "bindings"),
        ("", "nothing is asked"),
        ("SELECT mean(value) FROM scores", "no such function: mean"),
        ("SELECT tasks.task, 1", "no such column: tasks.task; did you mean 'task'?"),
        ("SELECT zeroblob(9e10)", "too big"),
        ("SELECT CAST(x'ff' AS TEXT)", "UTF-8"),
        ("SELECT '\udcff'", "utf-8"),
    ],
)
def test_a_mistake_is_told_with_the_nearest_right_name(filled: str, sql: str, says: str) -> None:
    with open_database(filled, write=False) as database, pytest.raises(BadValue) as caught:
        database.query(sql)
    assert says in str(caught.value)


@ONLY_POSTGRESQL
@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT labl FROM jobs", "column \"labl\" does not exist; did you mean 'label'?"),
        ("SELECT j.sed FROM jobs j", "column j.sed does not exist; did you mean 'seed'?"),
        ("SELECT * FROM score", "relation \"score\" does not exist; did you mean 'scores'?"),
        ("SELEC 1", 'syntax error at or near "SELEC"): it answers queries only, SELECT …'),
        ("SELECT mean(value) FROM scores", "function mean(double precision) does not exist"),
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT repeat('x', 2000000000)", "requested length too large"),
        ("SELECT '\udcff'", "no character"),
    ],
)
def test_a_mistake_is_told_by_postgresql_too(filled: str, sql: str, says: str) -> None:
    test_a_mistake_is_told_with_the_nearest_right_name(filled, sql, says)


@ONLY_SQLITE
def test_a_damaged_file_is_not_a_mistake_in_the_query(filled: str) -> None:
    with sqlite3.connect(filled) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'scores'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with Path(filled).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with open_database(filled, write=False) as database, pytest.raises(DatabaseError, match="damaged"):
        database.query("SELECT * FROM scores")
