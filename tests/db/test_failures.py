"""The circuit breaker of a database, and what closes it."""

from __future__ import annotations

from ftbench.db import Database, JobFilter
from ftbench.domain.result import MAX_ATTEMPTS, Outcome
from tests.db.samples import RESULT, claim, entry, execute, expire, let_in


def fail(database: Database, count: int, outcome: Outcome = Outcome.USER) -> None:
    for _ in range(count):
        database.jobs.fail(claim(database), outcome, "the same", "Trace")


def test_three_jobs_that_failed_alike_hold_the_rest_for_every_worker_until_a_retry(
    database: Database,
) -> None:
    database.jobs.add([entry(seed) for seed in range(9)])
    fail(database, 2)
    assert database.failures.held() == []
    fail(database, 1)
    (held,) = database.failures.held()
    assert (held.method, held.model, held.task, held.failed) == ("vanilla", "tiny", "toy-entail", 3)
    assert database.jobs.retry(JobFilter(methods=("rdrop",))) == 0
    assert database.failures.held() == [], "failures before a retry do not count"
    fail(database, 3)
    assert len(database.failures.held()) == 1
    assert database.jobs.retry(JobFilter(methods=("rdrop",))) == 0
    assert database.failures.held() == [], "the last retry counts, not the first"


def test_divergence_silence_and_the_machines_fault_hold_nothing(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(7)])
    fail(database, 3, Outcome.DIVERGED)
    fail(database, 3, Outcome.ENVIRONMENT)
    for _ in range(3 * MAX_ATTEMPTS):
        expire(database, claim(database).digest)
    assert database.jobs.claim("w", 60.0) is not None
    assert database.failures.held() == []


def test_a_job_that_ended_well_meanwhile_shows_that_it_is_not_the_kind(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(9)])
    fail(database, 1)
    database.jobs.finish(claim(database), RESULT)
    fail(database, 3)
    assert database.failures.held() == []


def test_failures_that_cannot_be_read_hold_nothing(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(5)])
    fail(database, 3)
    assert len(database.failures.held()) == 1
    execute(database, "INSERT INTO settings (name, value) VALUES ('retried', 'x')")
    assert len(database.failures.held()) == 1
    if let_in(database, "UPDATE attempts SET ended = 'x' WHERE number = 1"):
        assert database.failures.held() == []
