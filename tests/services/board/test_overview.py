"""The queue at a glance, on every database."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ftbench.db import Database, create_database, open_database
from ftbench.domain.result import JobResult, Outcome, Score, State
from ftbench.services.board.overview import BoardReader
from ftbench.services.worker.workdir import WorkDir
from tests.db.samples import claim, entry, execute, let_in

RESULT = JobResult(scores=(Score("dev", "accuracy", 0.5),))


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    with create_database(address) as opened:
        yield opened


def test_everything_stands_where_it_belongs(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(6)])
    done, failed, out = (claim(database, name) for name in ("a", "a", "b"))
    database.jobs.finish(done, RESULT)
    database.jobs.fail(failed, Outcome.USER, "wrong")
    database.jobs.fail(out, Outcome.DIVERGED, "not finite")
    running = claim(database, "c")
    view = BoardReader(database).view()
    assert {state: n for state, n in view.counts.items() if n} == {
        State.QUEUED: 2,
        State.RUNNING: 1,
        State.DONE: 1,
        State.FAILED: 2,
    }
    (job,) = view.running
    assert (job.row.digest, job.row.owner, job.row.number, job.live) == (running.digest, "c", 1, None)
    assert job.row.expires is not None and 50 < job.row.expires - view.now <= 60.5
    names = [worker.name for worker in view.workers]
    assert names[0] == "c" and sorted(names) == ["a", "b", "c"]
    tallies = {worker.name: worker.tally for worker in view.workers}
    assert tallies["a"] and (tallies["a"].done, tallies["a"].failed) == (1, 1)
    assert {one.outcome: one.jobs for one in view.failures} == {Outcome.USER: 1, Outcome.DIVERGED: 1}
    assert {row.message for one in view.failures for row in one.latest} == {"wrong", "not finite"}
    assert view.ends is not None and view.ends >= view.now


def test_a_job_that_was_retried_failed_no_more(database: Database) -> None:
    database.jobs.add([entry(0)])
    database.jobs.fail(claim(database), Outcome.USER, "wrong")
    database.jobs.retry()
    reader = BoardReader(database)
    assert not reader.view().failures
    database.jobs.fail(claim(database), Outcome.OOM, "once more", final=True)
    (found,) = reader.view().failures
    assert (found.outcome, found.jobs, found.latest[0].number) == (Outcome.OOM, 1, 2)


def test_how_far_a_job_is_counts_for_its_own_attempt(database: Database) -> None:
    database.jobs.add([entry(0)])
    lease = claim(database)
    path = WorkDir(database.address).live(lease.digest)
    path.parent.mkdir(parents=True)
    told = {
        "began": 0.0,
        "told": 30.0,
        "run": "main",
        "step": 25,
        "total": 100,
        "points": [["main", 25, "loss", 0.5]],
    }
    path.write_text(json.dumps({"attempt": 7, **told}))
    reader = BoardReader(database)
    view = reader.view()
    assert view.running[0].live is None and view.running[0].ends is None
    path.write_text(json.dumps({"attempt": 1, **told}))
    (job,) = reader.again(view).running
    assert job.live is not None and job.live.loss == 0.5
    assert job.ends == pytest.approx(view.now + 90.0), "a quarter took 30 seconds"


def test_time_left_is_that_of_jobs_like_it(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(3)])
    first = claim(database)
    database.jobs.finish(first, RESULT)
    execute(database, "UPDATE attempts SET started = ended - 100 WHERE digest = :digest", digest=first.digest)
    claim(database)
    view = BoardReader(database).view()
    (job,) = view.running
    assert job.ends == pytest.approx(view.now + 100, abs=2)
    assert view.ends == pytest.approx(view.now + 200, abs=2)


def test_the_version_is_another_one_after_each_change(database: Database) -> None:
    with create_database(database.address) as other:
        board = other.board
        seen = board.version()
        assert board.version() == seen and board.is_current()
        for change in (
            lambda: database.jobs.add([entry(0)]),
            lambda: claim(database),
            lambda: database.jobs.cancel(),
        ):
            change()
            seen, before = board.version(), seen
            assert seen != before
        assert board.version() == seen


def test_reading_leaves_the_database_as_it_is(database: Database) -> None:
    database.jobs.add([entry(0)])
    with open_database(database.address, write=False) as opened:
        seen = database.board.version()
        BoardReader(opened).view()
        assert database.board.version() == seen
        assert database.jobs.add([entry(1)]).added == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE jobs SET perturbation = '[]'",
        "UPDATE jobs SET perturbation = '{\"./evil.py:mine\": 1e400}'",
        'UPDATE jobs SET perturbation = \'{"a": "b"}\'',
        "UPDATE jobs SET label = 'a' || char(27)",
        "UPDATE jobs SET state = 'nowhere'",
        "UPDATE jobs SET expires = 'soon'",
        "UPDATE attempts SET number = 'x'",
        "UPDATE attempts SET worker = 7",
        "UPDATE jobs SET digest = '../../etc/passwd'",
    ],
)
def test_rows_that_cannot_be_believed_are_left_out(database: Database, change: str) -> None:
    database.jobs.add([entry(0), entry(1)])
    claim(database)
    if database.address.startswith("postgresql"):
        change = change.replace("char(", "chr(")
    try:
        let_in(database, change)
    except Exception:
        pytest.skip("the database itself refuses it")
    view = BoardReader(database).view()
    assert not any("evil" in one.model for one in view.maps)
