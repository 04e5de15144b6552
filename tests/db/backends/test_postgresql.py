"""PostgreSQL: what only a server has, its errors, and who waits for whom."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("psycopg", reason="no driver for PostgreSQL here: it is the extra 'postgres'")

import psycopg
from sqlalchemy import text

from ftbench.db import Database, create_database, open_database
from ftbench.db.backends import postgresql_errors
from ftbench.db.backends.addresses import backend_of
from ftbench.db.backends.at_once import AT_ONCE, as_python
from ftbench.db.backends.postgresql import Postgresql
from ftbench.db.leases import NEXT_JOB
from ftbench.db.reaping import RUNNING, LeaseWatch
from ftbench.db.tables import jobs
from ftbench.domain.result import JobResult, Outcome, Score, State
from ftbench.errors import DatabaseBusy, DatabaseError, DatabaseGone, DatabaseReadOnly
from tests.db.samples import RESULT, claim, count, entry, execute
from tests.server import Server


@pytest.fixture
def address(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    with server.ready() if "database" in request.fixturenames else server.database() as made:
        yield made


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    with create_database(address) as opened:
        yield opened


@contextmanager
def other(server: Server, address: str) -> Iterator[psycopg.Connection[Any]]:
    """Another program's connection, with a transaction that is rolled back."""
    schema = address.partition("%3D")[2]
    where = {"host": str(server.folder), "user": "ftbench", "dbname": "postgres"}
    with psycopg.connect(**where, options=f"-csearch_path={schema}") as connection:
        yield connection
        connection.rollback()


def pid(database: Database) -> int:
    """The server's process behind a database's connection."""
    with database._store.reading() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def cut(server: Server, database: Database) -> None:
    """Cut a database's connection, as a server does that is shut down."""
    server.sql(f"SELECT pg_terminate_backend({pid(database)}, 5000)")


# Who waits for whom


def test_a_claim_passes_over_a_job_that_somebody_is_claiming(
    server: Server, database: Database, address: str
) -> None:
    database.jobs.add([entry(0), entry(1)])
    with other(server, address) as connection:
        connection.execute("SELECT 1 FROM jobs WHERE seed = 0 FOR UPDATE")
        begun = time.monotonic()
        assert claim(database).job.seed == 1
        assert time.monotonic() - begun < 1.0


def test_a_claim_waits_for_the_last_jobs_which_may_be_given_back(
    server: Server, database: Database, address: str
) -> None:
    database.jobs.add([entry(0)])
    with other(server, address) as connection:
        connection.execute("SELECT 1 FROM jobs FOR UPDATE")
        threading.Timer(0.2, connection.rollback).start()
        assert claim(database).job.seed == 0  # else a worker would end while something is queued
        time.sleep(0.1)


def test_heartbeats_and_results_do_not_wait_for_whoever_is_alone(
    server: Server, database: Database, address: str
) -> None:
    database.jobs.add([entry(0), entry(1)])
    with open_database(address) as second, database._store.writing(alone=True) as transaction:
        transaction.run("SELECT 1")
        held = claim(second)
        assert second.jobs.heartbeat(held, 60.0) and second.jobs.finish(held, RESULT)


def test_whoever_queues_waits_for_others_that_queue(database: Database, address: str) -> None:
    added: list[int] = []

    def add(first: int) -> None:
        with open_database(address) as own:
            added.append(own.jobs.add([entry(seed) for seed in range(first, first + 50)]).added)

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 50, 100, 150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert added == [50] * 4
    with database._store.reading() as connection:
        numbers = connection.exec_driver_sql("SELECT count(DISTINCT sequence) FROM jobs").scalar_one()
    assert numbers == 200


def test_two_that_complete_the_same_job_record_one_result(
    server: Server, database: Database, address: str
) -> None:
    database.jobs.add([entry(0)])
    digest, recorded = entry(0).job.digest, []

    def complete(value: float) -> None:
        with open_database(address) as own:
            recorded.append(
                own.jobs.complete(digest, JobResult(scores=(Score("dev", "f1", value),)), "elsewhere")
            )

    with other(server, address) as connection:
        connection.execute("SELECT 1 FROM jobs FOR UPDATE")
        threads = [threading.Thread(target=complete, args=(value,)) for value in (0.1, 0.2)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        connection.rollback()
        for thread in threads:
            thread.join()
    assert sorted(recorded) == [False, True]
    assert count(database, "scores") == count(database, "attempts") == 1


def test_a_job_that_is_claimed_while_it_is_cancelled_leaves_no_open_attempt(
    server: Server, database: Database, address: str
) -> None:
    database.jobs.add([entry(0)])
    with open_database(address) as second, other(server, address) as connection:
        connection.execute("SELECT 1 FROM jobs FOR UPDATE")
        thread = threading.Thread(target=second.jobs.cancel)
        thread.start()
        time.sleep(0.3)
        connection.execute("UPDATE jobs SET state = 'running', owner = 'w', token = 't', expires = 1")
        connection.execute("INSERT INTO attempts SELECT digest, 1, 'w', 1, NULL, NULL, '', '' FROM jobs")
        connection.commit()
        thread.join()
    assert database.jobs.counts()[State.CANCELLED] == 1
    assert [one.first for one in database.health.troubles()] == []


def test_a_heartbeat_that_comes_while_a_lease_is_taken_back_keeps_it(
    database: Database, address: str
) -> None:
    database.jobs.add([entry(0)])
    held = claim(database, lease=60.0)
    with open_database(address) as second:
        with second._store.reading() as connection:
            seen = connection.exec_driver_sql(RUNNING).all()
        assert database.jobs.heartbeat(held, 60.0)
        second.jobs.watcher.look = lambda running: seen  # type: ignore[method-assign]
        assert second.jobs.reap() == 0
    assert database.jobs.finish(held, RESULT)


def test_whoever_takes_a_lease_back_late_leaves_the_next_attempt_alone(
    database: Database, address: str
) -> None:
    database.jobs.add([entry(0)])
    claim(database)
    with open_database(address) as second:
        with second._store.reading() as connection:
            seen = connection.exec_driver_sql(RUNNING).all()
        for store in (database, second):
            store.jobs.watcher.look = lambda running: seen  # type: ignore[method-assign]
        assert database.jobs.reap() == 1
        database.jobs.watcher.look = lambda running: []  # type: ignore[method-assign]
        again = claim(database)
        assert second.jobs.reap() == 0
    assert database.jobs.finish(again, RESULT)
    outcomes = [one.outcome for one in database.results.attempts(again.digest)]
    assert outcomes == [Outcome.LOST, Outcome.OK]


def test_a_reader_sees_one_state_throughout(database: Database, address: str) -> None:
    with open_database(address, write=False) as reader, reader._store.reading() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one()
        database.jobs.add([entry(0)])
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == before == 0


def test_a_merge_lets_nobody_change_jobs_meanwhile(database: Database, address: str) -> None:
    database.jobs.add([entry(0)])
    with database._store.writing(alone=True) as transaction:
        transaction.hold_jobs()
        with open_database(address, timeout=0.2) as second, pytest.raises(DatabaseBusy, match="is locked"):
            second.jobs.claim("worker", 60.0)


# What is lost on the way


def test_a_connection_that_was_cut_while_idle_is_replaced_without_a_word(
    server: Server, database: Database
) -> None:
    database.jobs.add([entry(0)])
    cut(server, database)
    assert claim(database).job.seed == 0


def test_a_connection_that_is_cut_in_a_transaction_leaves_nothing_and_is_replaced(
    server: Server, database: Database
) -> None:
    database.jobs.add([entry(0)])
    for _ in range(2):
        with pytest.raises(DatabaseBusy, match="cannot be used just now|does not answer") as lost:
            with database._store.writing() as transaction:
                (own,) = transaction.one("SELECT pg_backend_pid()")
                transaction.run("UPDATE jobs SET priority = 7")
                server.sql(f"SELECT pg_terminate_backend({own}, 5000)")
                transaction.run("UPDATE jobs SET priority = 8")
        assert "trying again" in lost.value.told
        assert database.jobs.list()[0].priority == 0


LOSE = """
import sys
from ftbench.db import open_database
from ftbench.errors import DatabaseBusy

with open_database(sys.argv[1]) as database:
    try:
        database._store.single("SELECT pg_terminate_backend(pg_backend_pid())")
    except DatabaseBusy as lost:
        print(lost.told)
    print(database.jobs.list())
"""


def test_a_connection_that_is_lost_in_a_statement_prints_nothing_of_the_libraries(address: str) -> None:
    with create_database(address):
        pass
    done = subprocess.run(
        [sys.executable, "-c", LOSE, address], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.count("trying again") == 1 and done.stdout.endswith("[]\n")
    assert done.stderr == ""  # the pool would print a traceback, of an error that is told already


def lose_the_answer(database: Database, server: Server) -> None:
    """Cut the connection after the next commit of what was written, before its answer is there."""
    store = database._store
    dialect = store._engine.dialect
    commit, at_once = dialect.do_commit, store.at_once

    def cut(connection: Any) -> None:
        dialect.do_commit, store.at_once = commit, at_once  # type: ignore[method-assign]
        connection.driver_connection.close()
        raise psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")

    def commit_and_cut(connection: Any) -> None:
        (reads,) = connection.driver_connection.execute("SHOW transaction_read_only").fetchone()
        commit(connection)
        if reads == "off":
            cut(connection)

    def do_and_cut(sql: str, **values: Any) -> Any:
        if (row := at_once(sql, **values)) is not None:
            with store.explained(), store.bare() as connection:
                cut(connection.connection)
        return row

    dialect.do_commit, store.at_once = commit_and_cut, do_and_cut  # type: ignore[method-assign]


@pytest.fixture(params=["one statement", "a transaction"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims and ends by one statement, and by the transaction that sees to what is not as usual."""
    if request.param == "a transaction":
        monkeypatch.setattr(Postgresql, "at_once", None)


@pytest.mark.usefixtures("either_way")
def test_a_result_whose_answer_was_lost_is_recorded_once(server: Server, database: Database) -> None:
    database.jobs.add([entry(0)])
    held = claim(database)
    lose_the_answer(database, server)
    with pytest.raises(DatabaseBusy):
        database.jobs.finish(held, RESULT)
    assert database.jobs.finish(held, RESULT)
    assert count(database, "scores") == len(RESULT.scores) and count(database, "attempts") == 1
    assert database.jobs.counts()[State.DONE] == 1


def test_a_failure_whose_answer_was_lost_is_recorded_once(server: Server, database: Database) -> None:
    database.jobs.add([entry(0)])
    held = claim(database)
    lose_the_answer(database, server)
    with pytest.raises(DatabaseBusy):
        database.jobs.fail(held, Outcome.OOM, "no memory")
    assert database.jobs.fail(held, Outcome.OOM, "no memory") is State.QUEUED
    assert database.jobs.find(held.digest).attempts == 1
    assert database.jobs.fail(held, Outcome.OOM, "something else") is None


@pytest.mark.usefixtures("either_way")
def test_a_claim_whose_answer_was_lost_is_taken_up_again(server: Server, database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    lose_the_answer(database, server)
    with pytest.raises(DatabaseBusy):
        database.jobs.claim("worker", 60.0)
    taken = claim(database)
    assert (taken.job.seed, taken.attempt) == (0, 1)
    assert database.jobs.finish(taken, RESULT)
    assert claim(database).job.seed == 1
    assert database.jobs.counts()[State.RUNNING] == 1


def test_another_database_behind_the_address_gets_nothing(server: Server, database: Database) -> None:
    database.jobs.add([entry(0)])
    held = claim(database)
    execute(database, "UPDATE settings SET value = 'another' WHERE name = 'id'")
    cut(server, database)
    with pytest.raises(DatabaseGone, match="holds another database now"):
        database.jobs.finish(held, RESULT)


# Values


def test_what_postgresql_cannot_hold_has_a_sign_in_its_place(database: Database) -> None:
    database.jobs.add([entry(0)])
    failed = claim(database)
    database.jobs.fail(failed, Outcome.USER, "a\0b\ud800", "c\0d")
    (attempt,) = database.results.attempts(failed.digest)
    assert (attempt.message, attempt.traceback) == ("a␀b?", "c␀d")


def test_texts_are_in_the_order_of_their_characters(database: Database) -> None:
    execute(database, "INSERT INTO settings (name, value) VALUES ('b', ''), ('B', ''), ('_', ''), ('é', '')")
    _, rows = database.query("SELECT name FROM settings WHERE length(name) = 1 ORDER BY name")
    assert [name for (name,) in rows] == ["B", "_", "b", "é"]


def test_numbers_are_as_large_as_in_sqlite_and_floats_come_back_as_they_were(database: Database) -> None:
    database.jobs.add([entry(2**53)])
    done = claim(database)
    database.jobs.finish(done, JobResult(scores=(Score("dev", "f1", 0.1 + 0.2), Score("dev", "mcc", 1e-300))))
    assert [row.value for row in database.results.scores()] == [0.1 + 0.2, 1e-300]
    assert database.results.scores()[0].seed == 2**53


def test_queries_of_users_give_plain_numbers(database: Database) -> None:
    _, rows = database.query("SELECT avg(x), sum(x) FROM (VALUES (1), (2)) AS t (x)")
    assert rows == [(1.5, 3)] and [type(value) for value in rows[0]] == [float, int]


# What a transaction costs, and plans


def test_a_claim_a_heartbeat_and_a_result_ask_the_server_once_each(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.jobs.add([entry(seed) for seed in range(3)])
    claim(database)  # all is connected now
    asked, wait = list[str](), psycopg.Connection.wait

    def counted(connection: psycopg.Connection[Any], question: Any, *given: Any) -> Any:
        if question.__name__ != "_rollback_gen":  # the pool's, which finds nothing to take back
            asked.append(question.__name__)
        return wait(connection, question, *given)

    monkeypatch.setattr(psycopg.Connection, "wait", counted)
    monkeypatch.setattr(LeaseWatch, "due", False)
    held = claim(database)
    assert len(asked) == 1
    assert database.jobs.heartbeat(held, 60.0) and len(asked) == 2
    assert database.jobs.finish(held, RESULT) and len(asked) == 3
    assert claim(database).job.seed == 2


def test_a_result_waits_for_the_disk_and_a_claim_does_not(server: Server, database: Database) -> None:
    def waits() -> bool:
        ((flushed,),) = server.sql("SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()")
        return bool(flushed)

    database.jobs.add([entry(seed) for seed in range(10)])
    assert not all(claim(database) and waits() for _ in range(5))  # the server's own writer may come between
    assert all(database.jobs.finish(claim(database), RESULT) and waits() for _ in range(5))


def test_the_server_writes_numbers_into_digests_as_python_does(database: Database) -> None:
    numbers = [1.0, 1.5, 0.1 + 1, 1764545278.0, 1764545278.1234567, 99999999999999.9, 1e14, 2 / 3 + 1e9]
    with database._store.bare() as connection:
        for number in numbers:
            sql = f"SELECT {as_python('CAST(:x AS double precision)')}"
            assert connection.scalar(text(sql), {"x": number}) == repr(number)
        for odd in (0.0, -1.0, 1e-5, 1e15, float("nan")):
            assert connection.scalar(text(sql), {"x": odd}) is None


def test_claims_read_the_partial_index_with_many_queued(database: Database) -> None:
    database.jobs.add([entry(0)])
    names = [column.name for column in jobs.columns]
    made = {"digest": "md5(n::text)", "sequence": "n", "spec": "'{}'", "recipe": "'{}'", "places": "'{}'"}
    values = ", ".join(made.get(name, f"j.{name}") for name in names)
    execute(
        database,
        f"INSERT INTO jobs ({', '.join(names)}) SELECT {values} "
        "FROM jobs AS j, generate_series(2, 100000) AS n",
    )
    execute(database, "UPDATE jobs SET state = 'running' WHERE sequence IN (2, 3)")
    execute(database, "ANALYZE jobs")

    def plan(sql: str) -> str:
        with database._store.reading() as connection:
            lines = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}").scalar_one()
        return json.dumps(lines)

    taken = plan(NEXT_JOB)
    assert "jobs_queued" in taken and "Seq Scan" not in taken and '"Sort"' not in taken
    assert "jobs_running" in plan(RUNNING)
    at_once = plan(_with_values(AT_ONCE.claim.replace("{conditions}", "")))
    assert "jobs_queued" in at_once and '"Sort"' not in at_once
    for sql in (AT_ONCE.claim.replace("{conditions}", ""), AT_ONCE.beat, AT_ONCE.finish):
        read = re.findall(r'"Node Type": "(\w+ Scan)"[^{}]*?"Relation Name": "jobs"', plan(_with_values(sql)))
        assert read and set(read) == {"Index Scan"}, (sql, read)
    begun = time.monotonic()
    assert claim(database).job.seed == 0
    assert time.monotonic() - begun < 0.5


def _with_values(sql: str) -> str:
    """A statement with something in place of its parameters, as EXPLAIN takes it."""
    numbers = {"number": "1", "lease": "60.0", "scored": "true"}
    return re.sub(
        r"(?<!:):(\w+)", lambda name: numbers.get(name[1], "NULL" if "_" in name[1] else "'a'"), sql
    )


# What a user is told

FAILED = 'connection failed: connection to server at "h", port 5432 failed:'


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (
            f"{FAILED} Connection refused\n\tIs",
            DatabaseBusy,
            "ann:***@h/runs does not answer (Connection refused)",
        ),
        (f'{FAILED} FATAL:  password authentication failed for user "ann"', DatabaseError, "into ~/.pgpass"),
        (
            f"{FAILED} fe_sendauth: no password supplied",
            DatabaseError,
            "or the whole address into FTBENCH_DB",
        ),
        (f'{FAILED} FATAL:  database "runs" does not exist', DatabaseError, "`createdb runs` on the"),
        (f'{FAILED} FATAL:  role "ann" does not exist', DatabaseError, "name the user in the address"),
        (f"{FAILED} FATAL:  sorry, too many clients already", DatabaseBusy, "one for each worker"),
        (f"{FAILED} FATAL:  the database system is starting up", DatabaseBusy, "starting up"),
        ('definition of service "x" not found', DatabaseError, "PGSERVICEFILE"),
        ("failed to resolve host 'geheim': no", DatabaseBusy, "resolve host '***'"),
        ("the connection is closed", DatabaseBusy, "does not answer"),
    ],
)
def test_a_connection_that_does_not_come_about_is_told_in_a_line(said: str, kind: type, told: str) -> None:
    found = postgresql_errors.meaning(psycopg.OperationalError(said), "postgresql://ann:***@h/runs", "geheim")
    assert type(found) is kind and told in str(found)
    assert "geheim" not in str(found) and "\n" not in str(found)


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("57P01", DatabaseBusy, "cannot be used just now"),
        ("57P03", DatabaseBusy, "cannot be used just now"),
        ("08006", DatabaseBusy, "cannot be used just now"),
        ("53300", DatabaseBusy, "one for each worker"),
        ("53100", DatabaseBusy, "no space left on its disk"),
        ("40001", DatabaseBusy, "cannot be used just now"),
        ("40P01", DatabaseBusy, "cannot be used just now"),
        ("55P03", DatabaseBusy, "is locked by another program"),
        ("57014", DatabaseBusy, "statement_timeout"),
        ("25006", DatabaseReadOnly, "is read-only"),
        ("42501", DatabaseReadOnly, "ask its owner for the right"),
        ("XX001", DatabaseError, "is damaged"),
    ],
)
def test_an_error_of_the_server_is_told_in_a_line(code: str, kind: type, told: str) -> None:
    error = psycopg.errors.lookup(code)("it\nfailed")
    found = postgresql_errors.meaning(error, "postgresql://ann@h/runs", "")
    assert type(found) is kind and told in str(found) and "\n" not in str(found)


def test_a_mistake_of_ours_is_no_users_error() -> None:
    assert postgresql_errors.meaning(psycopg.errors.lookup("42601")("x"), "s", "") is None
    assert postgresql_errors.meaning(ValueError("x"), "s", "") is None


def test_an_error_that_is_met_is_the_one_that_is_told(server: Server) -> None:
    server.sql("CREATE ROLE guest LOGIN")
    try:
        guest = f"postgresql://guest@/postgres?host={server.folder}"
        with pytest.raises(DatabaseReadOnly, match="permission denied for schema public"):
            create_database(guest)
        with pytest.raises(DatabaseError, match="`createdb nowhere` on the server makes it"):
            open_database(server.address("nowhere"))
        with pytest.raises(DatabaseError, match="name the user in the address"):
            open_database(f"postgresql://nobodyhere@/postgres?host={server.folder}")
        with pytest.raises(DatabaseError, match="does not answer .*: check the address") as absent:
            open_database("postgresql://ann:geheim@/runs?host=/nowhere")
        assert isinstance(absent.value, DatabaseBusy)  # a worker waits for it
    finally:
        server.sql("DROP ROLE guest")


def test_a_server_that_lets_nobody_write_says_so(server: Server, address: str) -> None:
    create_database(address).close()
    readonly = address.replace("&options=", "&options=-cdefault_transaction_read_only%3Don%20")
    with open_database(readonly, write=False) as database:
        assert database.jobs.list() == []


@pytest.mark.parametrize(
    "given",
    [
        "postgres://ann:geheim@h:5/runs",
        "postgresql+psycopg://ann:geheim@h:5/runs",
        "postgresql://ann@h:5/runs?password=geheim",
        "postgresql:///runs?host=/dir&user=ann&password=geheim",
        "postgresql://ann:ge%40h%2Feim@h/runs",
        "postgresql:///?service=mine",
    ],
)
def test_every_way_to_write_an_address_is_read_and_shown_without_its_password(given: str) -> None:
    backend = backend_of(given)
    assert "geheim" not in backend.shown and "ge%40h" not in backend.shown
    assert backend.address == backend.shown
    assert backend_of(backend.shown).shown == backend.shown


def test_a_password_that_is_hidden_is_not_given_to_the_server() -> None:
    url = backend_of("postgresql://ann:***@h/runs?password=***")._url  # type: ignore[attr-defined]
    assert url.password is None and "password" not in url.query


def test_texts_in_another_encoding_are_refused(server: Server) -> None:
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    with pytest.raises(DatabaseError, match="holds texts as LATIN1: make one with `createdb --encoding UTF8"):
        create_database(server.address("latin"))
