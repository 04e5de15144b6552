"""Jobs that were queued before their identity was known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench.db import Database, Entry, Settled
from ftbench.domain.places import UNRESOLVED
from ftbench.domain.result import Outcome, State
from tests.db.samples import RESULT, claim, entry

MARK = {UNRESOLVED: ["data"]}


def waiting(seed: int = 0) -> Entry:
    """A job whose rows were not there when it was queued."""
    known = entry(seed)
    return Entry(replace(known.job, data_revision=""), known.label, 3, MARK)


def test_a_job_takes_its_identity_and_keeps_its_place(database: Database) -> None:
    database.jobs.add([waiting(0), entry(1, priority=3)])
    database.jobs.fail(claim(database), Outcome.ENVIRONMENT, "not here", "", {"n": 1})
    assert [row.digest for row in database.jobs.unresolved()] == [waiting().job.digest]
    assert database.jobs.settle([Settled(waiting().job.digest, entry(0, priority=3))]) == 1
    assert database.jobs.unresolved() == []
    assert [row.seed for row in database.jobs.list()] == [0, 1]
    assert claim(database).digest == entry(0).job.digest


@pytest.mark.parametrize("done", [True, False])
def test_a_job_that_is_there_already_is_not_doubled(database: Database, done: bool) -> None:
    database.jobs.add([entry(0)])
    if done:
        database.jobs.finish(claim(database), RESULT)
    database.jobs.add([waiting()])
    assert database.jobs.settle([Settled(waiting().job.digest, entry(0))]) == 1
    (row,) = database.jobs.list()
    assert (row.digest, row.state) == (entry(0).job.digest, State.DONE if done else State.QUEUED)


def test_an_identity_that_stays_loses_its_mark_alone(database: Database) -> None:
    database.jobs.add([replace(entry(0), places=MARK)])
    assert database.jobs.settle([Settled(entry(0).job.digest, entry(0))]) == 1
    (row,) = database.jobs.list()
    assert (row.digest, row.places) == (entry(0).job.digest, {})


def test_what_can_never_be_trained_fails_with_the_reason(database: Database) -> None:
    database.jobs.add([waiting()])
    assert database.jobs.settle([Settled(waiting().job.digest, None, "too few positions")]) == 1
    assert database.jobs.find(waiting().job.digest).state is State.FAILED
    (attempt,) = database.results.attempts(waiting().job.digest)
    assert (attempt.outcome, attempt.message) == (Outcome.USER, "too few positions")


def test_a_job_that_runs_or_is_gone_is_left_alone(database: Database) -> None:
    database.jobs.add([waiting()])
    held = claim(database)
    settled = [Settled(held.digest, entry(0)), Settled("0" * 64, entry(1))]
    assert database.jobs.settle(settled) == 0
    assert [row.digest for row in database.jobs.list()] == [held.digest]
