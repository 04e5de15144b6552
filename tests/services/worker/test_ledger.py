"""What becomes of an attempt in the database, by how and why it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ftbench.db import Database, JobFilter
from ftbench.domain.events import End
from ftbench.domain.result import MAX_ATTEMPTS, Lack, Outcome, State
from ftbench.errors import DatabaseBusy
from ftbench.services.worker.attempt import Attempt, Why
from ftbench.services.worker.insisting import Insisting
from ftbench.services.worker.ledger import Ledger, Tally
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import Watch, queue, scores, state

Take = Callable[..., Attempt]
SCORED = {"event": "score", "evaluation": "dev", "metric": "accuracy", "value": 0.5}
DONE, STOPPED = End("done"), End("stopped")
DIED = End("died", Outcome.LOST, "it died", "tail")
FAILED = End("failed", Outcome.ENVIRONMENT, "no good", "Trace")


def ledger(database: Database, watch: Watch) -> Ledger:
    insist = Insisting(watch.say, sleep=lambda seconds: None)
    return Ledger(database, watch, WorkDir(database.address), "w", insist)


@pytest.mark.parametrize(
    ("why", "end", "how", "then", "tries"),
    [
        (None, DONE, "done", State.DONE, [Outcome.OK]),
        (Why.SIGNAL, DONE, "done", State.DONE, [Outcome.OK]),
        (Why.TIMEOUT, DONE, "done", State.DONE, [Outcome.OK]),
        (Why.LOST, DONE, "dropped", State.RUNNING, [None]),
        (None, STOPPED, "released", State.QUEUED, []),
        (Why.SIGNAL, STOPPED, "released", State.QUEUED, []),
        (Why.SIGNAL, DIED, "released", State.QUEUED, []),
        (Why.SIGNAL, FAILED, "again", State.QUEUED, [Outcome.ENVIRONMENT]),
        (None, FAILED, "again", State.QUEUED, [Outcome.ENVIRONMENT]),
        (None, DIED, "again", State.QUEUED, [Outcome.LOST]),
        (Why.TIMEOUT, STOPPED, "again", State.QUEUED, [Outcome.TIMEOUT]),
        (Why.TIMEOUT, DIED, "again", State.QUEUED, [Outcome.TIMEOUT]),
        (Why.TIMEOUT, FAILED, "again", State.QUEUED, [Outcome.ENVIRONMENT]),
        (None, End("failed", Outcome.USER, "no"), "failed", State.FAILED, [Outcome.USER]),
    ],
)
def test_each_end_is_recorded_as_it_came_about(
    database: Database, take: Take, why: Why | None, end: End, how: str, then: State, tries: list[Outcome]
) -> None:
    (digest,) = queue(database, [])
    watch = Watch()
    attempt, book = take(watch), ledger(database, watch)
    attempt.collector.take(SCORED)
    attempt.why = why
    book.settle(attempt, end)
    assert watch.how == [how]
    assert state(database, digest) is then
    assert [row.outcome for row in database.results.attempts(digest)] == tries
    assert scores(database) == ([(digest, 0.5)] if how == "done" else [])
    assert book.tally == Tally(
        ended=int(how != "released"),
        done=int(how == "done"),
        failed=int(how == "failed"),
        faults=tries.count(Outcome.ENVIRONMENT),
    )


@pytest.mark.parametrize(("lack", "faults"), [(None, 1), (Lack.DISK, 1), (Lack.MODEL, 0), (Lack.DATA, 0)])
def test_what_is_missing_of_a_job_is_no_fault_of_the_machine(
    database: Database, take: Take, lack: Lack | None, faults: int
) -> None:
    queue(database, [])
    book = ledger(database, Watch())
    book.settle(take(), replace(FAILED, lack=lack))
    assert book.tally.faults == faults


def test_the_last_try_fails_the_job_for_good_and_the_exit_code_says_so(
    database: Database, take: Take
) -> None:
    (digest,) = queue(database, [])
    watch = Watch()
    book = ledger(database, watch)
    for _ in range(MAX_ATTEMPTS):
        assert book.tally.exit_code == 0
        book.settle(take(watch), DIED)
    assert watch.how == ["again"] * (MAX_ATTEMPTS - 1) + ["failed"]
    assert watch.details[-1] == "lost: it died"
    assert state(database, digest) is State.FAILED
    assert (book.tally.failed, book.tally.exit_code) == (1, 1)
    assert Tally(failed=1, signal=143).exit_code == 143


def test_tokens_are_recorded_neither_in_a_message_nor_in_a_traceback(database: Database, take: Take) -> None:
    (digest,) = queue(database, [])
    ledger(database, Watch()).settle(
        take(), End("failed", Outcome.USER, "no hf_abcdefghijkl", "at hf_abcdefghijkl")
    )
    (row,) = database.results.attempts(digest)
    assert (row.message, row.traceback) == ("no <token>", "at <token>")


def test_what_only_the_worker_knows_goes_with_the_result(database: Database, take: Take) -> None:
    (digest,) = queue(database, [])
    attempt = take()
    attempt.collector.take(SCORED)
    attempt.packed = 3
    ledger(database, Watch()).settle(attempt, DONE)
    facts = database.results.provenance(digest)
    assert (facts["worker"], facts["slots"], facts["exclusive"]) == ("w", 3, False)
    assert facts["wall_seconds"] >= 0


@pytest.mark.parametrize("end", [DONE, FAILED])
def test_a_result_after_the_lease_is_lost_is_dropped(database: Database, take: Take, end: End) -> None:
    (digest,) = queue(database, [])
    watch = Watch()
    attempt, book = take(watch), ledger(database, watch)
    attempt.collector.take(SCORED)
    checkpoints = WorkDir(database.address).checkpoints(digest, attempt.claim.token)
    checkpoints.mkdir(parents=True)
    where = JobFilter(digests=(digest,))
    database.jobs.cancel(where)
    database.jobs.retry(where)
    assert database.jobs.claim("other", 60) is not None
    book.settle(attempt, end)
    assert watch.how == ["dropped"] and "another worker" in watch.details[0]
    assert (scores(database), book.tally.failed, book.tally.done) == ([], 0, 0)
    assert checkpoints.exists(), "the other worker may go on from them"
    assert state(database, digest) is State.RUNNING


def test_checkpoints_of_a_cancelled_job_are_deleted(database: Database, take: Take) -> None:
    (digest,) = queue(database, [])
    watch = Watch()
    attempt = take(watch)
    checkpoints = WorkDir(database.address).checkpoints(digest, attempt.claim.token)
    checkpoints.mkdir(parents=True)
    database.jobs.cancel(JobFilter(digests=(digest,)))
    ledger(database, watch).settle(attempt, DONE)
    assert watch.details == ["cancelled"] and not checkpoints.exists()


def test_a_result_waits_until_a_lock_is_over(
    database: Database, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(database, [])
    finish, busy = database.jobs.finish, [DatabaseBusy() for _ in range(50)]

    def locked(*given: Any) -> bool:
        if busy:
            raise busy.pop()
        return finish(*given)

    monkeypatch.setattr(database.jobs, "finish", locked)
    watch = Watch()
    book, attempt = ledger(database, watch), take(watch)
    attempt.collector.take(SCORED)
    book.settle(attempt, DONE)
    assert book.tally.done == 1 and not busy
    assert len([words for words in watch.said if "locked" in words]) == 1, "said once"


def test_giving_back_says_why_and_costs_no_try(database: Database, take: Take) -> None:
    (digest,) = queue(database, [])
    watch = Watch()
    ledger(database, watch).give_back(take(watch), "no room")
    assert (watch.how, watch.details) == (["released"], ["no room"])
    assert state(database, digest) is State.QUEUED and database.jobs.find(digest).attempts == 0
    assert watch.counts[State.QUEUED] == 1
