"""Claims, heartbeats, and the one recorded end of a job."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from ftbench.db import Database, JobFilter, Kind, Moved, open_database
from ftbench.db.leases import NEXT_JOB
from ftbench.db.reaping import RUNNING
from ftbench.domain.result import MAX_ATTEMPTS, CurvePoint, JobResult, Outcome, Score, State
from ftbench.errors import DatabaseError, UnknownName
from tests.db.samples import ONLY_SQLITE, RESULT, claim, count, entry, execute, expire, let_in

RESULTS = ("scores", "curves", "predictions", "provenance")


def drain(address: str, worker: str) -> list[str]:
    """Claim and finish until nothing is queued; the digests that were claimed."""
    taken = []
    with open_database(address) as database:
        while (job := database.jobs.claim(worker, 60.0)) is not None:
            assert database.jobs.heartbeat(job, 60.0)
            assert database.jobs.finish(job, JobResult(scores=(Score("dev", "accuracy", 0.5),)))
            taken.append(job.digest)
    return taken


def test_claim_gives_each_job_to_one_worker(database: Database, address: str) -> None:
    jobs, workers = 400, 8
    database.jobs.add([entry(seed) for seed in range(jobs)])
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        parts = list(pool.map(drain, [address] * workers, [f"worker-{i}" for i in range(workers)]))
    claims = Counter(digest for part in parts for digest in part)
    assert len(claims) == jobs
    assert set(claims.values()) == {1}
    assert database.jobs.counts()[State.DONE] == jobs
    assert count(database, "scores") == count(database, "attempts") == jobs


def test_claim_hands_out_the_job_as_it_was_queued(database: Database) -> None:
    queued = entry(2, "bidrop", label="bidrop[k=3]", hparams={"k": 3}, noise=0.1, places={"data": "/data"})
    database.jobs.add([queued])
    taken = claim(database, "worker-1")
    assert taken.job == queued.job
    assert (taken.digest, taken.attempt) == (queued.job.digest, 1)
    assert (taken.label, taken.places) == ("bidrop[k=3]", {"data": "/data"})
    row = database.jobs.find(taken.digest)
    assert (row.state, row.owner, row.attempts) == (State.RUNNING, "worker-1", 1)


def test_claim_takes_high_priority_first_and_then_the_oldest(database: Database) -> None:
    database.jobs.add([entry(5), entry(3), entry(4, priority=1)])
    database.jobs.add([entry(1), entry(2, priority=1)])
    assert [claim(database).job.seed for _ in range(5)] == [4, 2, 5, 3, 1]


def test_claim_of_an_empty_queue_is_none(database: Database) -> None:
    assert database.jobs.claim("worker", 60.0) is None
    database.jobs.add([entry(0)])
    claim(database)
    assert database.jobs.claim("worker", 60.0) is None


@ONLY_SQLITE  # PostgreSQL's is in backends/test_postgresql.py
def test_claim_reads_the_partial_index_and_sorts_nothing(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(50)])
    claim(database)

    def plan(sql: str) -> str:
        with database._store.writing() as transaction:
            found = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").fetchall()
        return " ".join(str(row[-1]) for row in found)

    for statistics in ("", "ANALYZE"):  # with and without the statistics that a user's tool may leave
        execute(database, statistics or "SELECT 1")
        chosen = plan(NEXT_JOB)
        assert "jobs_queued" in chosen and "B-TREE" not in chosen
        assert "jobs_running" in plan(RUNNING)


def test_a_job_that_this_version_cannot_read_fails_and_the_next_is_taken(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    broken = entry(0).job.digest
    execute(database, "UPDATE jobs SET spec = '{}' WHERE digest = :digest", digest=broken)
    told: list[Moved] = []
    taken = database.jobs.claim("worker", 60.0, told.append)
    assert taken is not None and taken.job.seed == 1
    assert [(moved.digest, moved.state, moved.owner) for moved in told] == [(broken, State.FAILED, None)]
    assert "cannot read the job" in told[0].reason
    with pytest.raises(DatabaseError, match="cannot be believed"):
        database.jobs.find(broken)
    assert database.jobs.counts()[State.FAILED] == 1
    (attempt,) = database.results.attempts(broken)
    assert attempt.outcome is Outcome.USER
    assert "cannot read the job" in attempt.message


def test_finish_records_everything_and_ends_the_job(database: Database) -> None:
    database.jobs.add([entry(0)])
    done = claim(database)
    assert database.jobs.finish(done, RESULT)
    row = database.jobs.find(done.digest)
    assert (row.state, row.owner, row.expires) == (State.DONE, None, None)
    assert {(s.metric, s.value) for s in database.results.scores()} == {("accuracy", 0.75), ("f1", 0.5)}
    assert database.results.curves(done.digest) == list(RESULT.curves)
    assert database.results.predictions(done.digest) == list(RESULT.predictions)
    assert database.results.provenance(done.digest) == RESULT.provenance
    (attempt,) = database.results.attempts(done.digest)
    assert (attempt.number, attempt.worker, attempt.outcome) == (1, "worker", Outcome.OK)
    assert attempt.started is not None and attempt.ended is not None
    assert attempt.ended >= attempt.started


def test_a_job_is_finished_once(database: Database) -> None:
    database.jobs.add([entry(0)])
    done = claim(database)
    assert database.jobs.finish(done, RESULT)
    assert database.jobs.finish(done, JobResult(scores=(Score("dev", "f1", 0.1),)))  # the answer was lost
    assert [score.value for score in database.results.scores()] == [0.75, 0.5]
    assert not database.jobs.heartbeat(done, 60.0)
    assert not database.jobs.release(done)
    assert database.jobs.fail(done, Outcome.OOM, "") is None
    assert database.jobs.counts()[State.DONE] == 1


def test_a_result_that_cannot_be_stored_leaves_nothing_and_keeps_the_lease(database: Database) -> None:
    database.jobs.add([entry(0)])
    held = claim(database)
    with pytest.raises(ValueError, match="diverged"):
        database.jobs.finish(held, JobResult(scores=(Score("dev", "f1", float("nan")),)))
    with pytest.raises(TypeError):
        database.jobs.finish(held, JobResult(scores=RESULT.scores, provenance={"bad": object()}))
    assert [count(database, table) for table in RESULTS] == [0, 0, 0, 0]
    assert database.jobs.heartbeat(held, 60.0)


def test_a_curve_may_hold_what_is_not_a_number(database: Database) -> None:
    curves = (CurvePoint("main", 1, "loss", 0.5), CurvePoint("main", 2, "loss", float("nan")))
    database.jobs.add([entry(0)])
    done = claim(database)
    assert database.jobs.finish(done, JobResult(curves=curves))
    values = [point.value for point in database.results.curves(done.digest)]
    assert values[0] == 0.5
    assert values[1] != values[1]


def test_an_expired_lease_gives_its_job_to_the_next_worker(database: Database) -> None:
    database.jobs.add([entry(0)])
    lost = claim(database, "first")
    assert database.jobs.claim("second", 60.0) is None
    expire(database, lost.digest)
    taken = claim(database, "second")
    assert (taken.digest, taken.attempt) == (lost.digest, 2)
    assert taken.token != lost.token
    first, second = database.results.attempts(lost.digest)
    assert (first.worker, first.outcome) == ("first", Outcome.LOST)
    assert first.message == "the worker sent no heartbeat"
    assert (second.worker, second.outcome, second.ended) == ("second", None, None)


def test_a_worker_that_lost_its_lease_changes_nothing(database: Database) -> None:
    database.jobs.add([entry(0)])
    lost = claim(database, "first")
    expire(database, lost.digest)
    taken = claim(database, "second")
    assert not database.jobs.heartbeat(lost, 60.0)
    assert not database.jobs.finish(lost, RESULT)
    assert not database.jobs.release(lost)
    assert database.jobs.fail(lost, Outcome.USER, "late") is None
    assert [count(database, table) for table in RESULTS] == [0, 0, 0, 0]
    assert database.jobs.find(taken.digest).owner == "second"
    assert database.jobs.finish(taken, RESULT)


def test_a_late_result_is_refused_once_the_lease_was_taken_back(database: Database) -> None:
    database.jobs.add([entry(0)])
    late = claim(database)
    expire(database, late.digest)
    assert database.jobs.reap() == 1
    assert not database.jobs.finish(late, RESULT)
    assert database.jobs.counts()[State.QUEUED] == 1
    assert count(database, "scores") == 0


def test_a_claim_that_a_crash_has_undone_takes_nobody_elses_result_for_its_own(
    database: Database,
) -> None:
    database.jobs.add([entry(0)])
    undone = claim(database, "one")
    execute(database, "DELETE FROM attempts")
    execute(database, "UPDATE jobs SET state = 'queued', attempts = 0, owner = NULL, token = NULL")
    held = claim(database, "other")
    assert held.attempt == undone.attempt and not database.jobs.heartbeat(undone, 60.0)
    assert database.jobs.finish(held, RESULT)
    assert not database.jobs.finish(undone, RESULT)
    assert database.jobs.finish(held, RESULT)  # again, as after a lost answer


def test_a_heartbeat_keeps_the_lease(database: Database) -> None:
    database.jobs.add([entry(0)])
    held = claim(database)
    expire(database, held.digest)
    assert database.jobs.heartbeat(held, 60.0)
    assert database.jobs.reap() == 0
    assert database.jobs.finish(held, RESULT)


@pytest.mark.parametrize("outcome", [Outcome.OOM, Outcome.TIMEOUT, Outcome.LOST])
def test_a_job_is_tried_three_times(database: Database, outcome: Outcome) -> None:
    database.jobs.add([entry(0)])
    states = [database.jobs.fail(claim(database), outcome, f"try {i}") for i in range(MAX_ATTEMPTS)]
    assert states == [State.QUEUED, State.QUEUED, State.FAILED]
    assert database.jobs.claim("worker", 60.0) is None
    tries = database.results.attempts(entry(0).job.digest)
    assert [(t.number, t.outcome, t.message) for t in tries] == [
        (1, outcome, "try 0"),
        (2, outcome, "try 1"),
        (3, outcome, "try 2"),
    ]


def test_the_machines_fault_is_no_try_and_the_last_such_attempt_alone_is_kept(database: Database) -> None:
    database.jobs.add([entry(0)])
    database.jobs.fail(claim(database), Outcome.LOST, "it died")
    for at in range(2 * MAX_ATTEMPTS):
        failed = claim(database)
        assert database.jobs.fail(failed, Outcome.ENVIRONMENT, f"{at}", "", {"n": at}) is State.QUEUED
    tries = database.results.attempts(failed.digest)
    assert [(t.outcome, t.message) for t in tries] == [(Outcome.LOST, "it died"), (Outcome.ENVIRONMENT, "5")]
    assert database.jobs.find(failed.digest).attempts == 1
    assert database.results.provenance(failed.digest) == {"n": 5}


def test_the_machines_fault_on_the_third_try_leaves_the_third_try(database: Database) -> None:
    database.jobs.add([entry(0)])
    for _ in range(MAX_ATTEMPTS - 1):
        database.jobs.fail(claim(database), Outcome.LOST, "it died")
    assert database.jobs.fail(claim(database), Outcome.ENVIRONMENT, "no disk") is State.QUEUED
    assert database.jobs.fail(claim(database), Outcome.LOST, "it died") is State.FAILED


def test_a_failure_that_is_said_to_be_final_is_not_tried_again(database: Database) -> None:
    database.jobs.add([entry(0)])
    assert database.jobs.fail(claim(database), Outcome.OOM, "no memory", final=True) is State.FAILED


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([], [0, 1, 2, 3]),
        ([Kind(model="m1")], [2, 3]),
        ([Kind(model="m1", task="rte")], [0, 2, 3]),
        ([Kind(model="m1", model_revision="other")], [0, 1, 2, 3]),
        ([Kind(task="rte"), Kind(digest=entry(2, model="m2", task="cola").job.digest)], [0]),
        ([Kind(method="rdrop")], [0, 1, 2]),
        ([Kind()], []),
    ],
)
def test_a_claim_leaves_kinds_of_jobs_alone(
    database: Database, kinds: list[Kind], expected: list[int]
) -> None:
    database.jobs.add(
        [
            entry(0, model="m1", task="cola"),
            entry(1, model="m1", task="rte"),
            entry(2, model="m2", task="cola"),
            entry(3, "rdrop", model="m2", task="rte"),
        ]
    )
    found = []
    while (taken := database.jobs.claim("w", 60.0, besides=kinds)) is not None:
        found.append(taken.job.seed)
    assert found == expected


def test_kinds_may_be_of_a_size_or_of_the_whole_training_set(database: Database) -> None:
    database.jobs.add([entry(0), entry(1, train_size=300), entry(2, train_size=500)])
    for size in (0, 300, 500):
        taken = [
            database.jobs.claim("w", 60.0, besides=[Kind(task="toy-entail", train_size=size)]) for _ in "12"
        ]
        assert all(taken), f"size {size}"
        assert (size or None) not in {one.job.perturbation.train_size for one in taken if one}
        for one in taken:
            assert one is not None and database.jobs.release(one)


def test_a_job_whose_workers_keep_dying_fails(database: Database) -> None:
    database.jobs.add([entry(0)])
    for _ in range(MAX_ATTEMPTS):
        expire(database, claim(database).digest)
    assert database.jobs.claim("worker", 60.0) is None
    assert database.jobs.counts()[State.FAILED] == 1


@pytest.mark.parametrize("outcome", [Outcome.USER, Outcome.DIVERGED])
def test_user_and_diverged_are_never_retried(database: Database, outcome: Outcome) -> None:
    database.jobs.add([entry(0)])
    failed = claim(database)
    state = database.jobs.fail(failed, outcome, "no such layer", "Traceback …", {"threads": 2})
    assert state is State.FAILED
    assert database.jobs.claim("worker", 60.0) is None
    (attempt,) = database.results.attempts(failed.digest)
    assert (attempt.outcome, attempt.message, attempt.traceback) == (outcome, "no such layer", "Traceback …")
    assert database.results.provenance(failed.digest) == {"threads": 2}


def test_ok_is_not_a_failure(database: Database) -> None:
    database.jobs.add([entry(0)])
    with pytest.raises(ValueError, match="finish it"):
        database.jobs.fail(claim(database), Outcome.OK, "")


def test_a_released_job_goes_back_and_its_attempt_does_not_count(database: Database) -> None:
    database.jobs.add([entry(0)])
    for _ in range(MAX_ATTEMPTS + 1):
        assert database.jobs.release(claim(database))
    row = database.jobs.find(entry(0).job.digest)
    assert (row.state, row.attempts, row.owner) == (State.QUEUED, 0, None)
    assert database.results.attempts(row.digest) == []
    assert claim(database).attempt == 1


def test_the_worker_of_a_cancelled_job_notices_at_its_heartbeat(database: Database) -> None:
    database.jobs.add([entry(0)])
    held = claim(database)
    assert database.jobs.cancel() == 1
    assert not database.jobs.heartbeat(held, 60.0)
    assert not database.jobs.finish(held, RESULT)
    (attempt,) = database.results.attempts(held.digest)
    assert (attempt.outcome, attempt.message) == (Outcome.LOST, "cancelled")
    assert attempt.ended is not None
    assert database.jobs.counts()[State.CANCELLED] == 1


def test_a_result_made_elsewhere_completes_a_queued_job_once(database: Database) -> None:
    database.jobs.add([entry(0)])
    digest = entry(0).job.digest
    assert database.jobs.complete(digest, RESULT, "cluster")
    assert not database.jobs.complete(digest, JobResult(scores=(Score("dev", "f1", 0.0),)), "cluster")
    assert [s.value for s in database.results.scores()] == [0.75, 0.5]
    (attempt,) = database.results.attempts(digest)
    assert (attempt.worker, attempt.outcome, attempt.started) == ("cluster", Outcome.OK, None)
    assert database.jobs.durations() == {}


def test_a_result_made_elsewhere_leaves_a_running_job_to_its_worker(database: Database) -> None:
    database.jobs.add([entry(0)])
    held = claim(database)
    assert not database.jobs.complete(held.digest, RESULT, "cluster")
    expire(database, held.digest)
    assert database.jobs.complete(held.digest, RESULT, "cluster")
    assert not database.jobs.finish(held, RESULT)


@pytest.mark.parametrize("expires", [1.0, 1e10])
def test_a_result_made_elsewhere_takes_no_job_for_what_a_clock_says(
    database: Database, expires: float
) -> None:
    """The worker's clock may be behind: its heartbeats are not seen to stand still."""
    database.jobs.add([entry(0)])
    held = claim(database)
    execute(database, "UPDATE jobs SET expires = :expires", expires=expires)
    assert not database.jobs.complete(held.digest, RESULT, "cluster")
    assert database.jobs.finish(held, RESULT)


def test_a_result_made_elsewhere_takes_back_what_is_over_as_a_claim_does(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    held, other = claim(database), claim(database)
    expire(database, other.digest)
    expire(database, held.digest)
    assert database.jobs.complete(held.digest, RESULT, "cluster")
    assert [t.outcome for t in database.results.attempts(held.digest)] == [Outcome.LOST, Outcome.OK]
    assert database.jobs.find(other.digest).state is State.QUEUED


def test_a_result_made_elsewhere_mends_a_failed_job(database: Database) -> None:
    database.jobs.add([entry(0)])
    failed = claim(database)
    database.jobs.fail(failed, Outcome.USER, "no GPU here")
    assert database.jobs.complete(failed.digest, RESULT, "cluster")
    assert database.jobs.list(JobFilter(states=(State.DONE,)))[0].digest == failed.digest


def test_a_result_for_a_job_that_was_never_queued_is_refused(database: Database) -> None:
    with pytest.raises(UnknownName, match="unknown job 'abc'"):
        database.jobs.complete("abc", RESULT, "cluster")


def test_a_claim_tells_which_jobs_it_has_moved_and_who_had_them(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(3)])
    told: list[Moved] = []
    for _ in range(MAX_ATTEMPTS - 1):
        expire(database, claim(database, "first").digest)
    lost, other = claim(database, "second"), claim(database, "third")
    for each in (lost, other):
        expire(database, each.digest)
    taken = database.jobs.claim("fourth", 60.0, told.append)
    assert taken is not None and taken.digest == other.digest
    assert sorted(told) == sorted(
        [
            Moved(lost.digest, State.FAILED, "second", "the worker sent no heartbeat"),
            Moved(other.digest, State.QUEUED, "third", "the worker sent no heartbeat"),
        ]
    )
    told.clear()
    assert database.jobs.claim("fourth", 60.0, told.append) is not None
    assert told == []


def test_a_lost_lease_leaves_earlier_attempts_as_they_ended(database: Database) -> None:
    database.jobs.add([entry()])
    database.jobs.fail(claim(database), Outcome.OOM, "no memory")
    digest = claim(database).digest
    expire(database, digest)
    assert database.jobs.reap() == 1
    assert [(a.outcome, a.message) for a in database.results.attempts(digest)] == [
        (Outcome.OOM, "no memory"),
        (Outcome.LOST, "the worker sent no heartbeat"),
    ]


@pytest.mark.parametrize("number", ["x", b"\xff", 2**63 - 1, -5])
def test_an_attempt_whose_number_is_none_does_not_stop_the_job(database: Database, number: object) -> None:
    database.jobs.add([entry(0)])
    first = claim(database)
    assert database.jobs.release(first)
    if not let_in(database, "UPDATE attempts SET number = :number", number=number):
        return
    assert claim(database).attempt == 1
