"""The files beneath an open database: deleted, replaced, copied over."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ftbench.db import Database, backup_database, create_database, open_database
from ftbench.errors import DatabaseError, DatabaseGone
from tests.db.samples import RESULT, claim, entry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def filled(path: Path, seeds: range = range(2)) -> Database:
    database = create_database(str(path))
    database.jobs.add([entry(seed) for seed in seeds])
    return database


@pytest.mark.parametrize("how", ["file", "log", "all", "folder"])
def test_what_was_deleted_takes_no_result(folder: Path, how: str) -> None:
    path = folder / "a.db"
    with filled(path) as database:
        held = claim(database)
        if how == "folder":
            shutil.rmtree(folder)
        for end in {"file": [""], "log": ["-wal"], "all": ["", "-wal", "-shm"]}.get(how, []):
            Path(f"{path}{end}").unlink()
        for write in (
            lambda: database.jobs.finish(held, RESULT),
            lambda: database.jobs.claim("w", 60.0),
            lambda: database.jobs.heartbeat(held, 60.0),
            lambda: database.jobs.release(held),
        ):
            with pytest.raises(DatabaseGone, match=r"a\.db(-wal)? was deleted while it was in use"):
                write()
    if how in ("file", "all"):
        assert not path.exists(), "nor is it made anew"


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_one_that_came_in_its_place_is_not_touched(folder: Path, mode: str) -> None:
    path, other = folder / "a.db", folder / "other.db"
    filled(other, range(7, 8)).close()
    with closing(sqlite3.connect(other)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    content = other.read_bytes()
    with filled(path) as database:
        held = claim(database)
        os.replace(other, path)
        with pytest.raises(DatabaseGone, match=r"a\.db was replaced while it was in use"):
            database.jobs.finish(held, RESULT)
        assert not Path(f"{path}-wal").exists(), "the log of the old one would be played into the new one"
    assert path.read_bytes() == content
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (1,)


def test_another_database_that_was_copied_over_the_file_is_noticed(folder: Path) -> None:
    path, other = folder / "a.db", folder / "other.db"
    with filled(other, range(7, 8)), filled(path) as database:
        held = claim(database)
        with closing(sqlite3.connect(other)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)  # the same file beneath, as `sqlite3 a.db .restore` does it
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with pytest.raises(DatabaseGone, match="holds another database now"):
            database.jobs.finish(held, RESULT)


def into_the_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_an_older_copy_that_was_written_over_the_file_is_noticed(folder: Path, when: str) -> None:
    path, copy = folder / "a.db", folder / "copy.db"
    filled(path, range(40)).close()
    shutil.copy(path, copy)
    with open_database(str(path)) as database:
        held = claim(database)
        into_the_file(path)
        if when == "meanwhile":
            shutil.copy(path, copy)
        for _ in range(5):
            assert database.jobs.finish(claim(database), RESULT)
            into_the_file(path)
        claim(database)  # in the log alone
        path.write_bytes(copy.read_bytes())
        with pytest.raises(DatabaseGone, match="overwritten by another database or an older copy"):
            database.jobs.finish(held, RESULT)
        with pytest.raises(DatabaseError):
            database.jobs.claim("w", 60.0)
    assert path.read_bytes() == copy.read_bytes(), "nor is it written when the database is closed"
    with open_database(str(path)) as database:
        assert database.health.troubles() == []


def test_another_database_that_was_written_over_the_file_is_noticed(folder: Path) -> None:
    path, other = folder / "a.db", folder / "other.db"
    filled(other, range(60)).close()
    with filled(path, range(40)) as database:
        held = claim(database)
        into_the_file(path)
        claim(database)
        path.write_bytes(other.read_bytes())
        with pytest.raises(DatabaseGone):
            database.jobs.finish(held, RESULT)
    assert path.read_bytes() == other.read_bytes()


def test_an_older_copy_that_sqlite_put_there_is_noticed_once_it_is_in_the_file(folder: Path) -> None:
    path, copy = folder / "a.db", folder / "copy.db"
    with filled(path) as database:
        with closing(sqlite3.connect(copy)) as target, closing(sqlite3.connect(path)) as source:
            source.backup(target)
        held = claim(database)
        for _ in range(2):
            into_the_file(path)
            database.jobs.heartbeat(held, 60.0)
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)
        into_the_file(path)
        with pytest.raises(DatabaseGone, match="overwritten by"):
            database.jobs.claim("w", 60.0)


def test_what_other_processes_write_is_no_other_content(folder: Path) -> None:
    path = folder / "a.db"
    with filled(path, range(40)) as one, open_database(str(path)) as two:
        for _ in range(10):
            for database in (one, two, two, one):
                assert database.jobs.finish(claim(database), RESULT)
                into_the_file(path)
    with open_database(str(path)) as database:
        assert len(database.results.values()) == 40 * len(RESULT.scores)


def test_a_backup_is_a_database_of_its_own(folder: Path) -> None:
    path, copy = folder / "a.db", folder / "copy.db"
    with filled(path) as database:
        backup_database(str(path), copy)
        own = database.setting("id", "none")
        with open_database(str(copy)) as other:
            assert len(own) == 32 and other.setting("id", "none") not in (own, "none")
    with open_database(str(path)) as database:
        assert database.setting("id", "none") == own, "it stays"


def test_a_database_that_is_moved_with_its_log_by_a_link_stays_the_same(folder: Path) -> None:
    path = folder / "a.db"
    with filled(path) as database:
        held = claim(database)
        os.link(path, folder / "b.db")
        assert database.jobs.finish(held, RESULT)


def test_a_process_that_moves_finds_its_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with filled(Path("a.db")) as database:
        held = claim(database)
        monkeypatch.chdir("/")
        assert database.jobs.finish(held, RESULT)


def test_reading_looks_for_no_files(folder: Path) -> None:
    path = folder / "a.db"
    filled(path).close()
    with open_database(str(path), write=False) as database:
        assert sum(database.jobs.counts().values()) == 2
        with pytest.raises(DatabaseError, match="opened for reading only"):
            database.jobs.claim("w", 60.0)


@pytest.mark.parametrize("how", ["finish", "fail", "complete"])
def test_what_lets_checkpoints_be_deleted_is_on_the_disk(folder: Path, how: str) -> None:
    from ftbench.domain.result import Outcome

    with filled(folder / "a.db") as database:
        levels: list[int] = []
        store = database._store
        held = claim(database)

        def level() -> int:
            with store.reading() as connection:
                return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

        set_durable = store.backend.set_durable

        def noted(connection: object, durable: bool) -> None:
            levels.append(durable)
            set_durable(connection, durable)  # type: ignore[arg-type]

        store.backend.set_durable = noted  # type: ignore[method-assign]
        if how == "finish":
            assert database.jobs.finish(held, RESULT)
        elif how == "fail":
            database.jobs.fail(held, Outcome.USER, "no")
        else:
            assert database.jobs.complete(entry(1).job.digest, RESULT, "w")
        assert level() == 2, "FULL"
        claim(database) if how != "complete" else database.jobs.heartbeat(held, 60.0)
        assert level() == 1, "NORMAL: a claim need not be"
        assert levels == [True, False]
