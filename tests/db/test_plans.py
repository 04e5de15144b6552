"""Which indexes serve the queries of a large database: its rows are long, and not read to be counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ftbench.db import Database, JobFilter, create_database
from ftbench.domain.result import State
from tests.db.samples import claim, entry


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with create_database(str(tmp_path / "runs.db")) as opened:
        opened.jobs.add([entry(seed) for seed in range(3)])
        claim(opened)
        yield opened


@contextmanager
def traced(database: Database) -> Iterator[list[str]]:
    """The statements that a database is asked, with their values."""
    asked: list[str] = []
    with database._store.bare() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(asked.append)
    yield asked
    driver.set_trace_callback(None)


def plans(database: Database, ask: Callable[[], object]) -> str:
    """How SQLite answers the queries of jobs, one after another."""
    with traced(database) as asked:
        ask()
    found = []
    for sql in asked:
        if "SELECT" in sql and "jobs" in sql and "max(jobs.sequence)" not in sql:
            with database._store.bare() as connection:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}").fetchall()
            found += [str(row[-1]) for row in rows]
    assert found
    return "; ".join(found)


def test_counts_are_read_from_one_index(database: Database) -> None:
    for ask in (database.jobs.tally, database.jobs.counts):
        found = plans(database, ask)
        assert "COVERING INDEX jobs_axes" in found and "SCAN jobs;" not in f"{found};"
    assert "B-TREE FOR GROUP BY" not in plans(database, database.jobs.tally)


def test_jobs_that_wait_or_run_are_found_without_a_look_at_the_others(database: Database) -> None:
    jobs = database.jobs
    for ask, index in (
        (jobs.needs, "jobs_queued"),
        (jobs.unresolved, "jobs_queued"),
        (lambda: jobs.list(JobFilter(states=(State.RUNNING,))), "jobs_running"),
    ):
        found = plans(database, ask)
        assert index in found and "jobs_sequence" not in found, found


def test_failures_are_found_from_the_attempts(database: Database) -> None:
    assert "SCAN jobs" not in plans(database, database.failures.held)
