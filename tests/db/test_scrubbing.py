"""What a copy no longer tells."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ftbench.db import Database, backup_database, create_database, open_database
from ftbench.db.scrubbing import scrub
from ftbench.domain.result import Outcome, State
from ftbench.errors import DatabaseError
from tests.db.samples import RESULT, claim, entry

SECRET = "/home/me"


def clean(text: str) -> str:
    return text.replace(SECRET, "~")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of a database with a done, a failed and a running job."""
    with create_database(str(tmp_path / "ours.db")) as database:
        places = {"data": f"{SECRET}/data", "digests": {f"{SECRET}/a.py": "x"}}
        database.jobs.add([entry(seed, places=places) for seed in range(4)])
        database.jobs.finish(claim(database, "node7-42"), RESULT)
        told = f"node7-42 cannot read {SECRET}/x"
        database.jobs.fail(claim(database, "node8-1"), Outcome.USER, told, f'File "{SECRET}/x.py"')
        claim(database, "node7-42")
    backup_database(str(tmp_path / "ours.db"), tmp_path / "copy.db")
    return tmp_path / "copy.db"


def opened(path: Path) -> Database:
    return open_database(str(path), write=False)


def test_places_messages_and_tracebacks_are_cleaned_keys_too(copy: Path) -> None:
    scrub(copy, clean)
    with opened(copy) as database:
        row = database.jobs.list()[0]
        assert row.places == {"data": "~/data", "digests": {"~/a.py": "x"}}
        (tried,) = database.failures.attempts()[database.jobs.list()[1].digest]
        assert tried.traceback == 'File "~/x.py"'


def test_nothing_of_it_stays_on_pages_that_are_free(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as there, there:
        there.execute("UPDATE attempts SET traceback = ? WHERE outcome = 'user'", (f"{SECRET}\n" * 9000,))
    scrub(copy, lambda text: clean(text)[:100])
    assert SECRET.encode() not in copy.read_bytes()
    with closing(sqlite3.connect(copy)) as there:  # some builds of SQLite wipe such pages, others do not
        assert there.execute("PRAGMA freelist_count").fetchone() == (0,)


def test_workers_are_numbered_wherever_they_are_named(copy: Path) -> None:
    scrub(copy, clean)
    with opened(copy) as database:
        (tried,) = database.failures.attempts()[database.jobs.list()[1].digest]
        assert (tried.worker, tried.message) == ("worker-2", "worker-1 cannot read ~/x")
    assert b"node7" not in copy.read_bytes()


def test_what_runs_is_queued_and_leases_are_gone(copy: Path) -> None:
    scrub(copy, clean)
    with opened(copy) as database:
        assert database.jobs.counts()[State.RUNNING] == 0 and database.jobs.counts()[State.QUEUED] == 2
        assert [job.attempts for job in database.jobs.list()] == [1, 1, 0, 0]
    with closing(sqlite3.connect(copy)) as there:
        assert there.execute("SELECT count(*) FROM jobs WHERE token IS NOT NULL").fetchone() == (0,)
        assert there.execute("SELECT count(*) FROM settings WHERE name = 'id'").fetchone() == (0,)


def test_the_copy_is_whole_and_its_evidence_the_same(copy: Path) -> None:
    with opened(copy) as before:
        scores, chain = before.results.values(), before.claims.chain().digests
    scrub(copy, clean)
    with opened(copy) as database:
        assert database.health.troubles() == []
        assert (database.results.values(), database.claims.chain().digests) == (scores, chain)


def test_triggers_and_views_of_strangers_do_nothing_and_go(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as there, there:
        there.execute('CREATE VIEW "odd "" name" AS SELECT 1')
        there.execute("CREATE TRIGGER evil AFTER UPDATE ON jobs BEGIN UPDATE scores SET value = 1.0; END")
    scrub(copy, clean)
    with opened(copy) as database:
        assert {one.value for one in database.results.values()} == {0.75, 0.5}
        assert database.health.troubles() == []


def test_json_that_is_none_is_cleaned_as_text(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as there, there:
        there.execute("UPDATE provenance SET facts = ?", (f"{{broken {SECRET}",))
        there.execute("UPDATE attempts SET message = NULL, traceback = x'00ff' WHERE number = 1 AND 0")
    scrub(copy, clean)
    with closing(sqlite3.connect(copy)) as there:
        assert there.execute("SELECT facts FROM provenance").fetchone() == ("{broken ~",)


def test_json_stays_as_queries_read_it(copy: Path) -> None:
    scrub(copy, clean)
    with closing(sqlite3.connect(copy)) as there:
        (text,) = there.execute("SELECT places FROM jobs LIMIT 1").fetchone()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def test_what_is_no_database_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database at all, but long enough to be read as one" * 20)
    with pytest.raises(DatabaseError, match="cannot be cleaned"):
        scrub(tmp_path / "x.db", clean)
