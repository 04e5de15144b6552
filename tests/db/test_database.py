"""Opening, making, upgrading and copying a database, on every backend."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import BIGINT, Connection, inspect
from sqlalchemy.exc import IntegrityError

from ftbench.db import Database, create_database, open_database, upgrade_database
from ftbench.db import database as module
from ftbench.db.backends.addresses import backend_of
from ftbench.db.engine import Store
from ftbench.db.migrations import HEAD, REVISIONS, migrate
from ftbench.db.tables import metadata
from ftbench.domain.result import State
from ftbench.errors import (
    BadValue,
    DatabaseError,
    DatabaseReadOnly,
    FtbenchError,
    NewerDatabase,
    NotOurDatabase,
)
from tests.db.samples import ONLY_SQLITE, RESULT, claim, entry, execute

OLD_JOB = (
    "INSERT INTO jobs (digest, sequence, state, priority, attempts, label, model, model_revision, task, "
    "data_revision, method, hparams, seed, reduction, noise, recipe, spec, places, created) VALUES "
    "(:digest, :at, 'queued', 0, 0, '', '', '', '', '', '', '', 0, 0, 0, '', :spec, '', 0)"
)


def first_revision(address: str) -> Store:
    """A database as the very first version made it."""
    backend = backend_of(address)
    store = Store(backend, backend.engine(write=True, timeout=1.0, migrating=True), writable=True)
    with store.writing() as transaction:
        migrate(transaction.connection, REVISIONS[0])
    return store


def make_and_queue(address: str) -> int:
    """What several `ftbench queue` at once do."""
    with create_database(address) as database:
        return database.jobs.add([entry(seed) for seed in range(3)]).added


def test_a_database_is_made_once_and_then_opened(address: str) -> None:
    for expected in (0, 1):
        with create_database(address) as database:
            assert database.address == address
            assert len(database.jobs.list()) == expected
            database.jobs.add([entry(0)])


def test_processes_may_make_a_database_at_the_same_time(address: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(4, mp_context=context) as pool:
        added = list(pool.map(make_and_queue, [address] * 4))
    assert sorted(added) == [0, 0, 0, 3]


def test_a_missing_database_names_the_commands_that_make_it(address: str) -> None:
    for attempt in (open_database, upgrade_database):
        with pytest.raises(DatabaseError, match=r"no database at .*: `ftbench db init --db .*` makes it"):
            attempt(address)
    assert not Path(address).exists()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mysql://u:geheim@host/runs", "is no database that is known; known: postgres, postgresql, sqlite"),
        ("postgesql://u:geheim@host/runs", "did you mean 'postgresql'"),
        ("postgresql://u:geheim@host:many/runs", "cannot be read: give the path of a SQLite file"),
    ],
)
def test_an_address_of_another_system_is_refused(address: str, says: str) -> None:
    with pytest.raises(BadValue, match=says) as refused:
        create_database(address)
    assert "geheim" not in str(refused.value) and "u:***@host" in str(refused.value)


def test_a_newer_database_asks_for_a_newer_version(database: Database, address: str) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    for attempt in (open_database, create_database, upgrade_database):
        with pytest.raises(NewerDatabase, match=r"schema 9999.*pip install --upgrade ftbench"):
            attempt(address)


@pytest.mark.parametrize(
    "change", ["DELETE FROM alembic_version", "INSERT INTO alembic_version VALUES ('0001')"]
)
def test_a_database_of_no_single_version_is_refused(database: Database, address: str, change: str) -> None:
    execute(database, change)
    for attempt in (open_database, create_database, upgrade_database):
        with pytest.raises(DatabaseError, match=r"names \d versions of its form"):
            attempt(address)


def test_an_older_database_asks_for_the_upgrade(
    database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD", "0999")
    for attempt in (open_database, create_database):
        with pytest.raises(DatabaseError, match="run `ftbench db upgrade`"):
            attempt(address)


def test_a_database_of_the_first_version_is_upgraded_with_what_is_in_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = first_revision(address)
    with store.writing() as transaction:
        transaction.run("INSERT INTO settings (name, value) VALUES ('threads', '2')")
    store.close()
    copy = upgrade_database(address)
    assert upgrade_database(address) is None
    assert copy is not None and copy.absolute().parent == tmp_path
    assert REVISIONS[0] in copy.name and "backup" in copy.name
    with pytest.raises(DatabaseError, match="run `ftbench db upgrade`"):
        open_database(str(copy), write=False)
    assert upgrade_database(str(copy)) is not None
    with open_database(address) as database:
        assert database.setting("threads", "4") == "2"


def test_what_a_database_has_already_of_later_versions_stays(database: Database, address: str) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '0003'")
    database.close()
    assert upgrade_database(address) is not None
    with open_database(address) as opened:
        assert opened.jobs.list() == []


@ONLY_SQLITE
def test_a_second_upgrade_leaves_the_first_copy_alone(address: str) -> None:
    first_revision(address).close()
    older = Path(address).read_bytes()
    first = upgrade_database(address)
    for end in ("-wal", "-shm"):
        Path(address + end).unlink(missing_ok=True)
    Path(address).write_bytes(older)
    second = upgrade_database(address)
    assert first is not None and second is not None
    assert first != second and first.exists() and second.exists()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE claims (x TEXT)",
        "ALTER TABLE jobs RENAME TO others",
        OLD_JOB.replace(":digest", "'d'").replace(":at", "1").replace(":spec", "'{'"),
    ],
)
def test_what_is_not_the_form_that_it_says_is_refused_in_a_line_and_stays(
    address: str, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = first_revision(address)
    with store.writing() as transaction:
        transaction.connection.exec_driver_sql(change)
    store.close()
    with pytest.raises(
        DatabaseError, match="cannot be upgraded: it is not what schema 0001 made|lacks a table"
    ) as refused:
        upgrade_database(address)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.glob("*backup*"))
    with pytest.raises(DatabaseError, match="older version"):
        open_database(address)


def test_an_upgrade_gives_jobs_and_claims_the_canonical_form_of_their_perturbations(address: str) -> None:
    backend = backend_of(address)
    store = Store(backend, backend.engine(write=True, timeout=1.0, migrating=True), writable=True)
    entries = [entry(0), entry(1, noise=0.1, train_size=300), entry(2, reduction=0.5)]
    with store.writing() as transaction:
        migrate(transaction.connection, "0003")
        for at, one in enumerate(entries):
            transaction.run(
                OLD_JOB,
                digest=one.job.digest,
                at=at,
                spec=json.dumps(one.job.canonical(), sort_keys=True, separators=(",", ":")),
            )
        for text, noise, reduction in (("a", 0.0, 0.0), ("b", 0.1, 0.0), ("c", 0.1, 0.5)):
            transaction.run(
                "INSERT INTO claims (text, better, worse, models, tasks, noise, reduction, train_sizes, "
                "declared, scored) VALUES (:text, '', '', '[]', '[]', :noise, :reduction, '[]', 0, 0)",
                text=text,
                noise=noise,
                reduction=reduction,
            )
    store.close()
    assert upgrade_database(address)
    with open_database(address, write=False) as database:
        _, jobs = database.query("SELECT perturbation FROM jobs ORDER BY sequence")
        assert [text for (text,) in jobs] == ["{}", '{"noise":0.1,"train_size":300}', '{"reduction":0.5}']
        assert [json.loads(text) for (text,) in jobs] == [e.job.perturbation.canonical() for e in entries]
        _, claims = database.query("SELECT perturbation FROM claims ORDER BY text")
        assert [text for (text,) in claims] == ["{}", '{"noise":0.1}', '{"noise":0.1,"reduction":0.5}']


def test_the_migrations_lead_to_the_tables_of_this_version(database: Database) -> None:
    with database._store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differs = compare_metadata(context, metadata)
        names = set(inspect(connection).get_table_names())
    assert names == set(metadata.tables) | {"alembic_version"}
    # PostgreSQL's numbers are to be as large as SQLite's.
    others = [one for one in differs if not (isinstance(one, list) and isinstance(one[0][5], BIGINT))]
    assert [one for one in others if "comment" not in str(one)] == []  # SQLite keeps none
    assert database.address.startswith("postgresql") == bool(differs)


def test_the_files_of_the_migrations_carry_their_revisions() -> None:
    config = Config()
    config.set_main_option("script_location", "ftbench.db:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    assert tuple(sorted(script.revision for script in scripts.walk_revisions())) == REVISIONS


def test_a_migration_that_fails_leaves_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: Connection) -> None:
        migrate(connection)
        raise RuntimeError("no space left")

    monkeypatch.setattr(module, "migrate", broken)
    with pytest.raises(RuntimeError):
        create_database(address)
    with pytest.raises(DatabaseError, match="no database at"):
        open_database(address)
    monkeypatch.undo()
    with create_database(address) as database:
        assert database.jobs.list() == []


def test_every_table_and_column_is_documented() -> None:
    for table in metadata.tables.values():
        assert table.comment, table.name
        for column in table.columns:
            assert column.comment, f"{table.name}.{column.name}"


def test_rows_cannot_refer_to_a_job_that_is_not_there(database: Database) -> None:
    values = "('none', 'dev', 'f1', 0.5)"
    with pytest.raises(IntegrityError):
        execute(database, f"INSERT INTO scores (digest, evaluation, metric, value) VALUES {values}")
    database.jobs.add([entry(0)])
    database.jobs.finish(claim(database), RESULT)
    with pytest.raises(IntegrityError):
        execute(database, "DELETE FROM jobs")


def test_the_first_value_of_a_setting_stays(database: Database, address: str) -> None:
    assert database.setting("threads", "2") == "2"
    assert database.setting("threads", "8") == "2"
    with open_database(address, write=False) as reader:
        assert reader.setting("threads", "8") == "2"
        assert reader.setting("precision", "fp32") == "fp32"
    assert database.setting("precision", "bf16") == "bf16"


def test_what_was_opened_for_reading_refuses_to_write(database: Database, address: str) -> None:
    database.jobs.add([entry(0)])
    with open_database(address, write=False) as reader:
        assert reader.jobs.counts()[State.QUEUED] == 1
        with pytest.raises(DatabaseReadOnly, match="opened for reading only"):
            reader.jobs.claim("worker", 60.0)
    assert database.jobs.counts()[State.QUEUED] == 1


def test_a_reader_sees_what_others_write_meanwhile(database: Database, address: str) -> None:
    with open_database(address, write=False) as reader:
        assert reader.results.scores() == []
        database.jobs.add([entry(0)])
        database.jobs.finish(claim(database), RESULT)
        assert len(reader.results.scores()) == 2


def test_errors_of_the_database_exit_with_1_and_wrong_addresses_with_2() -> None:
    assert issubclass(DatabaseError, FtbenchError)
    assert (DatabaseError.exit_code, BadValue.exit_code) == (1, 2)


def test_a_view_in_the_place_of_a_table_is_refused(tmp_path: Path) -> None:
    address = str(tmp_path / "view.db")
    create_database(address).close()
    with sqlite3.connect(address) as connection:
        connection.execute("ALTER TABLE scores RENAME TO others")
        connection.execute("CREATE VIEW scores AS SELECT * FROM others")
    connection.close()
    for write in (False, True):
        with pytest.raises(DatabaseError, match="a view in the place of its table 'scores'"):
            open_database(address, write=write)


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ("DROP TABLE scores", "lacks a table of ftbench"),
        ("ALTER TABLE jobs DROP COLUMN priority", "lacks a column of ftbench"),
    ],
)
def test_what_lacks_a_table_or_a_column_is_told_in_a_line(address: str, change: str, lacks: str) -> None:
    with create_database(address) as database:
        database.jobs.add([entry(0)])
        with database._store.writing() as transaction:
            if "priority" in change:
                transaction.connection.exec_driver_sql("DROP INDEX jobs_queued")
            transaction.connection.exec_driver_sql(change)
        reads = database.results.values if "scores" in change else database.jobs.list
        with pytest.raises(NotOurDatabase, match=lacks) as told:
            reads()
        assert "\n" not in str(told.value)
        with pytest.raises(BadValue, match="did you mean"):
            database.query("SELECT digst FROM jobs")
