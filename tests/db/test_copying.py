"""Copying a database: every row arrives, or nothing does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, JobFilter, copy_database, create_database, open_database
from ftbench.db.tables import metadata, settings
from ftbench.domain.result import Outcome, State
from ftbench.errors import DatabaseError, DatabaseMissing, NotOurDatabase
from tests.db.samples import RESULT, claim, count, entry, execute
from tests.server import Server


def rows(database: Database) -> dict[str, set[tuple[Any, ...]]]:
    """All that a database holds, but its name for itself."""
    found = {t.name: set(map(tuple, database._store.rows(t.select()))) for t in metadata.sorted_tables}
    found["settings"] = {row for row in found["settings"] if row[0] != "id"}
    return found


@pytest.fixture
def full(address: str) -> Iterator[Database]:
    """A database with jobs in every state; one of them runs for the second time."""
    with create_database(address) as database:
        database.jobs.add([entry(seed) for seed in range(6)])
        database.setting("threads", "2")
        assert database.jobs.finish(claim(database), RESULT)
        database.jobs.fail(claim(database), Outcome.USER, "no such thing — ‰", "Traceback …")
        database.jobs.fail(claim(database), Outcome.OOM, "out of memory")
        assert claim(database).attempt == 2
        database.jobs.cancel(JobFilter(digests=(entry(5).job.digest,)))
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where nothing is yet, on every system."""
    if request.param == "sqlite":
        yield str(tmp_path / "copy.db")
        return
    server: Server = request.getfixturevalue("server")
    with server.database() as made:
        yield made


#: From file to file; what may differ between systems is tried from one to the other, too.
FILES = pytest.mark.parametrize("address, target", [("sqlite", "sqlite")], indirect=True)
EACH = pytest.mark.parametrize(
    "address, target",
    [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")],
    indirect=True,
)


@EACH
def test_every_row_arrives_but_what_a_worker_was_at(full: Database, target: str) -> None:
    copied = copy_database(full.address, target)
    with open_database(target) as copy:
        assert copied.requeued == 1
        assert not copy.health.troubles()
        before, after = rows(full), rows(copy)
        assert {name: len(found) for name, found in after.items()} == copied.rows
        assert count(copy, "attempts") == count(full, "attempts") - 1
        again = copy.jobs.claim("worker", 60.0)
        assert again is not None and again.attempt == 2
        assert copy.jobs.release(again)
        (running,) = [row for row in before["jobs"] if "running" in row]
        assert before["jobs"] - after["jobs"] == {running}
        assert before["attempts"] > after["attempts"]
        for name in before.keys() - {"jobs", "attempts"}:
            assert before[name] == after[name]
        assert copy.jobs.counts() == full.jobs.counts() | {State.RUNNING: 0, State.QUEUED: 3}


@FILES
def test_a_server_knows_at_once_what_a_copy_holds(full: Database, target: str) -> None:
    copy_database(full.address, target)
    if not target.startswith("postgresql"):
        return  # SQLite plans without
    with open_database(target) as copied:
        known = copied.query("SELECT reltuples FROM pg_class WHERE oid = 'jobs'::regclass")[1]
    assert known == [(6.0,)]


def test_what_is_queued_in_a_copy_comes_after_what_was_there(full: Database, target: str) -> None:
    copy_database(full.address, target)
    with open_database(target) as copy:
        copy.jobs.add([entry(9)])
        assert copy.jobs.list()[-1].seed == 9


@FILES
def test_a_copy_is_another_database(full: Database, target: str) -> None:
    with create_database(target) as empty:
        before = empty._store.rows(settings.select().where(settings.c.name == "id"))
        copy_database(full.address, target)
        assert empty._store.rows(settings.select().where(settings.c.name == "id")) == before
        assert count(empty, "jobs") == 6
        empty.jobs.add([entry(9)])  # it is the one that was opened


@FILES
def test_a_database_that_has_something_is_left_alone(full: Database, target: str) -> None:
    with create_database(target) as other:
        other.jobs.add([entry(9)])
        before = rows(other)
        with pytest.raises(DatabaseError, match=r"not empty, it has rows in jobs: .*`ftbench merge`"):
            copy_database(full.address, target)
        assert rows(other) == before


@EACH
def test_what_systems_cannot_hold_alike_arrives_as_near_as_can_be(full: Database, target: str) -> None:
    execute(full, "UPDATE scores SET value = -0.0 WHERE metric = 'f1'")
    execute(full, "UPDATE jobs SET seed = 9007199254740993 WHERE seed = 3")
    if full._store.backend.now.startswith("(julianday"):
        execute(full, "UPDATE attempts SET message = 'a' || char(0) || 'b' WHERE outcome = 'user'")
    copy_database(full.address, target)
    with open_database(target) as copy:
        assert (0.0,) in copy.query("SELECT value FROM scores WHERE metric = 'f1'")[1]
        assert copy.query("SELECT count(*) FROM jobs WHERE seed = 9007199254740993")[1] == [(1,)]
        told = {row[0] for row in copy.query("SELECT message FROM attempts WHERE outcome = 'user'")[1]}
        assert told <= {"a\0b", "a␀b", "no such thing — ‰"}


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_no_file_of_others_is_written_to(full: Database, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(NotOurDatabase):
        copy_database(full.address, str(tmp_path / "mine.txt"))
    assert (tmp_path / "mine.txt").read_text() == "mine"


@FILES
@pytest.mark.parametrize("table, key", [("scores", "evaluation dev"), ("jobs", "digest")])
def test_a_row_that_arrives_otherwise_is_named_and_nothing_is_copied(
    full: Database, target: str, table: str, key: str
) -> None:
    changed = {"scores": "value = value + 1e-9 WHERE metric = 'f1'", "jobs": "places = '{ }' WHERE seed = 3"}
    with create_database(target) as copy:
        execute(
            copy,
            f"CREATE TRIGGER other AFTER INSERT ON {table} BEGIN UPDATE {table} SET {changed[table]}; END",
        )
        with pytest.raises(DatabaseError, match=rf"the row of {table} with .*{key}.*; nothing was copied"):
            copy_database(full.address, target)
        assert count(copy, "jobs") == 0


@FILES
def test_a_row_that_is_lost_on_the_way_is_named(full: Database, target: str) -> None:
    with create_database(target) as copy:
        execute(copy, "CREATE TRIGGER other AFTER INSERT ON curves BEGIN DELETE FROM curves; END")
        with pytest.raises(DatabaseError, match="the row of curves with .*; nothing was copied"):
            copy_database(full.address, target)


@EACH
@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_a_copy_that_is_stopped_leaves_nothing(
    full: Database, target: str, stop: type[BaseException]
) -> None:
    def told(done: int, total: int) -> None:
        if done == total:
            raise stop

    with pytest.raises(stop):
        copy_database(full.address, target, told)
    with pytest.raises(DatabaseMissing):
        open_database(target)
    assert "://" in target or not list(Path(target).parent.glob("copy.db*"))
    with create_database(target) as copy, pytest.raises(stop):
        copy_database(full.address, target, told)
    assert count(copy, "jobs") == 0


@FILES
def test_progress_counts_each_row_twice(full: Database, target: str) -> None:
    heard: list[tuple[int, int]] = []
    copied = copy_database(full.address, target, lambda done, total: heard.append((done, total)))
    assert heard[-1] == (2 * sum(copied.rows.values()),) * 2
    assert heard == sorted(heard)
