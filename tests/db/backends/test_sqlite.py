"""What only SQLite does: files, folders, locks, journal modes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Integer

from ftbench.db import Database, backup_database, create_database, open_database, upgrade_database
from ftbench.db.backends import sqlite
from ftbench.db.backends.addresses import backend_of
from ftbench.db.engine import Store
from ftbench.domain.result import State
from ftbench.errors import DatabaseBusy, DatabaseError, DatabaseReadOnly, NotOurDatabase
from tests.db.samples import RESULT, claim, count, entry

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with one done job, closed."""
    file = tmp_path / "runs.db"
    with create_database(str(file)) as database:
        database.jobs.add([entry(0)])
        database.jobs.finish(claim(database), RESULT)
    return file


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder that becomes read-only by ``chmod``, also where the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="ftbench-test-"))
    root = os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield folder
    finally:
        if root:
            os.setresuid(0, 0, 0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def journal_mode(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def pragma(database: Database, name: str) -> object:
    with database._store.reading() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_connections_are_set_up_for_many_workers(path: Path) -> None:
    with open_database(str(path)) as database:
        assert pragma(database, "journal_mode") == "wal"
        assert pragma(database, "synchronous") == 1
        assert pragma(database, "busy_timeout") == 30_000
        assert pragma(database, "foreign_keys") == 1


def test_an_address_may_be_a_path_or_a_url(path: Path) -> None:
    for address in (str(path), f"sqlite:///{path}"):
        with open_database(address) as database:
            assert database.jobs.counts()[State.DONE] == 1


def test_names_with_spaces_and_signs_are_files(tmp_path: Path) -> None:
    file = tmp_path / "my runs?mode=ro#50%.db"
    with create_database(str(file)) as database:
        database.jobs.add([entry(0)])
    assert file.is_file()


def test_the_database_of_a_writer_that_holds_the_lock_is_busy(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_database(str(path), timeout=0.01) as database:
            assert database.jobs.counts()[State.DONE] == 1
            with pytest.raises(DatabaseBusy, match="is locked by another program"):
                database.jobs.add([entry(1)])
        other.execute("ROLLBACK")


def test_a_database_under_an_exclusive_lock_is_busy(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup_database(str(path), copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusy):
            open_database(str(copy), timeout=0.01)
        other.execute("ROLLBACK")


def test_switching_to_wal_waits_for_readers(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup_database(str(path), copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM jobs").fetchone()
        with pytest.raises(DatabaseBusy):
            open_database(str(copy), timeout=0.03)


@pytest.mark.parametrize("content", [b"PK\x03\x04 not a database" * 100, b"task,score\ncola,0.5\n"])
def test_a_file_that_is_no_database_is_not_ours(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(content)
    for attempt in (open_database, create_database, upgrade_database):
        with pytest.raises(NotOurDatabase, match="choose another"):
            attempt(str(file))
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE photos (name TEXT)",
        "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE settings (key TEXT)",
        "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE settings (name TEXT, value TEXT)",
    ],
)
def test_a_database_of_another_program_is_not_ours_and_stays_as_it_is(tmp_path: Path, table: str) -> None:
    file = tmp_path / "photos.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(table)
    before = file.read_bytes()
    for attempt in (open_database, create_database, upgrade_database):
        with pytest.raises(NotOurDatabase, match="is not a database of ftbench"):
            attempt(str(file))
    assert file.read_bytes() == before


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    for attempt in (open_database, create_database, upgrade_database):
        with pytest.raises(NotOurDatabase, match="is a pipe or a device"):
            attempt(str(tmp_path / "pipe.db"))


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(NotOurDatabase, match="is a folder"):
        create_database(str(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=f"no folder {tmp_path}/none"):
        create_database(str(tmp_path / "none" / "runs.db"))


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    file.touch()
    with pytest.raises(DatabaseError, match="no database at"):
        open_database(str(file))
    with create_database(str(file)) as database:
        assert database.jobs.list() == []


def test_a_damaged_database_asks_for_the_backup(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(DatabaseError, match="is damaged"), open_database(str(path), write=False) as database:
        database.results.scores()


def test_a_full_disk_loses_nothing_that_was_recorded(path: Path) -> None:
    with open_database(str(path)) as database:
        pages = pragma(database, "page_count")
        pragma(database, f"max_page_count = {pages}")
        with pytest.raises(DatabaseError, match="no space left"):
            database.jobs.add([entry(seed) for seed in range(1, 200)])
        assert len(database.jobs.list()) == 1


def test_a_read_only_file_is_read_and_not_written(unprivileged: Path) -> None:
    file = unprivileged / "runs.db"
    with create_database(str(file)) as database:
        database.jobs.add([entry(0)])
    file.chmod(0o444)
    for attempt in (open_database, create_database):
        with pytest.raises(DatabaseReadOnly, match=r"runs.db is read-only: make it writable, or copy"):
            attempt(str(file))
    with open_database(str(file), write=False) as database:
        assert database.jobs.counts()[State.QUEUED] == 1


def test_a_database_in_a_read_only_folder_is_read(unprivileged: Path) -> None:
    working, file = unprivileged / "runs.db", unprivileged / "example.db"
    with create_database(str(working)) as database:
        database.jobs.add([entry(0)])
        database.jobs.finish(claim(database), RESULT)
    backup_database(str(working), file)
    unprivileged.chmod(0o555)
    for each in (file, working):  # in DELETE mode, and in WAL mode without a log
        with open_database(str(each), write=False) as database:
            assert len(database.results.scores()) == 2
    with pytest.raises(DatabaseReadOnly, match=f"the folder {unprivileged} of .* is read-only"):
        open_database(str(file))
    with pytest.raises(DatabaseReadOnly):
        create_database(str(unprivileged / "new.db"))


def test_a_log_that_a_read_only_folder_cannot_open_is_not_passed_over(unprivileged: Path) -> None:
    file = unprivileged / "runs.db"
    with create_database(str(file)) as database:
        database.jobs.add([entry(0)])
        shutil.copy(file, unprivileged / "copy.db")
        shutil.copy(f"{file}-wal", unprivileged / "copy.db-wal")
    unprivileged.chmod(0o555)
    with pytest.raises(DatabaseReadOnly, match="ftbench db backup"):
        open_database(str(unprivileged / "copy.db"), write=False)


def test_a_network_file_system_is_refused_with_the_reason(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "filesystem", lambda path: "nfs4")
    for write in (True, False):
        with pytest.raises(DatabaseError, match=r"network file system \(nfs4\).*local disk"):
            open_database(str(path), write=write)
    with pytest.raises(DatabaseError, match="network file system"):
        create_database(str(path.with_name("new.db")))
    assert not path.with_name("new.db").exists()


def test_a_copy_on_a_network_file_system_may_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = path.with_name("copy.db")
    backup_database(str(path), copy)
    monkeypatch.setattr(sqlite, "filesystem", lambda path: "nfs4")
    with open_database(str(copy), write=False) as database:
        assert len(database.results.scores()) == 2


def test_the_file_system_is_the_one_of_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "20 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "21 20 0:5 / /home rw - nfs4 server:/home rw\n"
        "22 21 0:6 / /home/me/my\\040disk rw - xfs /dev/sdb rw\n"
        "23 20 0:7 / /mnt rw - ext4 /dev/sdc rw\n"
        "24 20 0:8 / /mnt rw - cifs //server/share rw\n"
        "garbage\n"
    )
    found = {
        where: sqlite.filesystem(Path(where), mounts)
        for where in ("/runs.db", "/home/me/runs.db", "/home/me/my disk/runs.db", "/mnt/x", "/homework/x")
    }
    assert list(found.values()) == ["ext4", "nfs4", "xfs", "cifs", "ext4"]
    assert sqlite.filesystem(Path("/runs.db"), tmp_path / "none") == ""


def test_a_backup_is_whole_compact_and_in_delete_mode(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copies" / "backup.db"
    target.parent.mkdir()
    with open_database(str(path)) as database:
        database.jobs.add([entry(1)])  # still in the write-ahead log
        backup_database(str(path), target)
    assert os.listdir(target.parent) == ["backup.db"]
    assert journal_mode(target) == "delete"
    with open_database(str(target), write=False) as copy:
        assert copy.jobs.counts()[State.QUEUED] == 1
        assert len(copy.results.scores()) == 2


def test_a_backup_overwrites_nothing(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("mine")
    with pytest.raises(DatabaseError, match="exists: name a new file"):
        backup_database(str(path), target)
    assert target.read_text() == "mine"
    with pytest.raises(DatabaseError, match="no folder"):
        backup_database(str(path), tmp_path / "none" / "copy.db")


def test_a_migration_that_rebuilds_a_table_keeps_the_rows_that_refer_to_it(path: Path) -> None:
    backend = backend_of(str(path))
    store = Store(backend, backend.engine(write=True, timeout=1.0, migrating=True), writable=True)
    with store.writing() as transaction:
        operations = Operations(MigrationContext.configure(transaction.connection))
        with operations.batch_alter_table("jobs", recreate="always") as table:
            table.add_column(Column("extra", Integer))
    store.close()
    with open_database(str(path)) as database:
        assert count(database, "scores") == 2
        assert len(database.results.scores()) == 2
