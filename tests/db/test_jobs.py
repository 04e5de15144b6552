"""Queueing jobs and looking them up."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.db import Axes, Database, JobFilter
from ftbench.domain.result import JobResult, Outcome, Score, State
from ftbench.errors import BadValue, UnknownName
from tests.db.samples import RESULT, claim, count, entry, execute


def test_queueing_the_same_grid_twice_adds_nothing(database: Database) -> None:
    grid = [entry(seed, method) for seed in range(5) for method in ("vanilla", "bidrop")]
    assert database.jobs.add(grid) == (10, 0, 0)
    before = database.jobs.list()
    assert database.jobs.add(grid) == (0, 10, 0)
    assert database.jobs.list() == before


def test_a_grown_grid_adds_only_what_is_new(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(3)])
    assert database.jobs.add([entry(seed) for seed in range(5)]) == (2, 3, 0)


def test_an_entry_that_stands_twice_in_a_list_is_one_job(database: Database) -> None:
    assert database.jobs.add([entry(0), entry(0)]) == (1, 1, 0)
    assert count(database, "jobs") == 1


def test_an_empty_list_adds_nothing(database: Database) -> None:
    assert database.jobs.add([]) == (0, 0, 0)


def test_nothing_is_added_where_one_entry_cannot_be_stored(database: Database) -> None:
    with pytest.raises(TypeError):
        database.jobs.add([entry(0), entry(1, places={"model": object()})])
    assert count(database, "jobs") == 0


def test_a_job_is_listed_as_it_was_queued(database: Database) -> None:
    queued = entry(
        3,
        "bidrop",
        label="bidrop[k=3]",
        hparams={"k": 3},
        train_size=500,
        reduction=0.5,
        noise=0.1,
        priority=7,
        places={"model": "/models/tiny", "data": None, "plugins": []},
    )
    database.jobs.add([queued])
    (row,) = database.jobs.list()
    assert (row.digest, row.state, row.label) == (queued.job.digest, State.QUEUED, "bidrop[k=3]")
    assert (row.model, row.task, row.method, row.seed) == ("tiny", "toy-entail", "bidrop", 3)
    assert row.perturbation.canonical() == {"train_size": 500, "reduction": 0.5, "noise": 0.1}
    assert (row.attempts, row.priority, row.owner, row.expires) == (0, 7, None, None)
    assert row.created > 1.6e9
    assert row.spec == queued.job.canonical()
    assert row.places == {"model": "/models/tiny", "data": None, "plugins": []}


def test_queueing_again_after_moving_a_folder_takes_the_new_place(database: Database) -> None:
    database.jobs.add([entry(0, places={"data": "/old"}), entry(1, places={"data": "/old"})])
    running = claim(database)
    assert (
        database.jobs.add([entry(0, places={"data": "/new"}), entry(1, places={"data": "/new"})]).known == 2
    )
    places = {row.digest: row.places for row in database.jobs.list()}
    assert places.pop(running.digest) == {"data": "/old"}
    assert list(places.values()) == [{"data": "/new"}]


def test_a_cancelled_job_that_is_queued_again_is_revived(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    assert database.jobs.cancel(JobFilter(digests=(entry(0).job.digest,))) == 1
    assert database.jobs.add([entry(0, priority=2), entry(1), entry(2)]) == (1, 1, 1)
    assert claim(database).digest == entry(0).job.digest


def test_counts_names_every_state(database: Database) -> None:
    assert database.jobs.counts() == dict.fromkeys(State, 0)
    database.jobs.add([entry(seed) for seed in range(3)])
    database.jobs.finish(claim(database), RESULT)
    claim(database)
    expected = {State.QUEUED: 1, State.RUNNING: 1, State.DONE: 1, State.FAILED: 0, State.CANCELLED: 0}
    assert database.jobs.counts() == expected


def test_a_job_is_found_by_the_beginning_of_its_digest(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(20)])
    digest = entry(7).job.digest
    assert database.jobs.find(digest).seed == 7
    assert database.jobs.find(digest[:16].upper()).digest == digest


def test_an_unknown_job_names_jobs_that_exist(database: Database) -> None:
    database.jobs.add([entry(0)])
    with pytest.raises(UnknownName, match=f"unknown job 'xyz'; known: {entry(0).job.digest[:12]}"):
        database.jobs.find("xyz")
    with pytest.raises(UnknownName):
        database.jobs.find("")
    with pytest.raises(UnknownName):
        database.jobs.find("%")


def test_an_ambiguous_beginning_asks_for_more_digits(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(40)])
    digests = sorted(row.digest for row in database.jobs.list())
    first = next(a[0] for a, b in zip(digests, digests[1:], strict=False) if a[0] == b[0])
    with pytest.raises(BadValue, match="give more digits"):
        database.jobs.find(first)


def test_a_filter_matches_one_value_of_every_axis(database: Database) -> None:
    tasks, methods = ("cola", "rte"), ("vanilla", "bidrop")
    database.jobs.add([entry(s, m, task=t) for s in range(2) for m in methods for t in tasks])
    database.jobs.add([entry(0, "bidrop", label="bidrop[k=3]", hparams={"k": 3}, model="bert-base")])

    def listed(**where: Any) -> int:
        return len(database.jobs.list(JobFilter(**where)))

    assert listed() == 9
    assert listed(tasks=("cola",)) == 4
    assert listed(tasks=("cola", "rte"), methods=("bidrop",)) == 4
    assert listed(methods=("bidrop",)) == 5
    assert listed(methods=("bidrop[k=3]",)) == 1
    assert listed(models=("bert-base",), tasks=("cola",)) == 0
    assert listed(states=(State.DONE,)) == 0
    assert listed(digests=(entry(0, task="cola").job.digest,)) == 1


def test_jobs_are_listed_in_the_order_of_queueing(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in (5, 3)])
    database.jobs.add([entry(seed, priority=9) for seed in (4, 1)])
    assert [row.seed for row in database.jobs.list()] == [5, 3, 4, 1]


def test_retry_gives_failed_and_cancelled_jobs_all_their_attempts_again(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(4)])
    assert database.jobs.fail(claim(database), Outcome.USER, "no such layer") is State.FAILED
    database.jobs.finish(claim(database), RESULT)
    database.jobs.cancel(JobFilter(digests=(entry(2).job.digest,)))
    assert database.jobs.retry() == 2
    assert database.jobs.counts()[State.QUEUED] == 3
    assert database.jobs.counts()[State.DONE] == 1
    again = claim(database)
    assert (again.digest, again.attempt) == (entry(0).job.digest, 2)
    assert database.jobs.find(again.digest).attempts == 1
    assert [a.outcome for a in database.results.attempts(again.digest)] == [Outcome.USER, None]


def test_retry_and_cancel_keep_to_their_filter(database: Database) -> None:
    database.jobs.add([entry(0, task="cola"), entry(0, task="rte")])
    assert database.jobs.cancel(JobFilter(tasks=("cola",))) == 1
    assert database.jobs.retry(JobFilter(tasks=("rte",))) == 0
    assert database.jobs.counts()[State.CANCELLED] == 1


def test_cancel_leaves_what_has_ended(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    database.jobs.finish(claim(database), RESULT)
    database.jobs.fail(claim(database), Outcome.USER, "no such layer")
    assert database.jobs.cancel() == 0
    assert (database.jobs.counts()[State.DONE], database.jobs.counts()[State.FAILED]) == (1, 1)


def test_cancel_ends_the_running_attempt_and_no_earlier_one(database: Database) -> None:
    database.jobs.add([entry(0)])
    database.jobs.fail(claim(database), Outcome.OOM, "no memory")
    claim(database)
    assert database.jobs.cancel() == 1
    tries = database.results.attempts(entry(0).job.digest)
    assert [(t.outcome, t.message) for t in tries] == [
        (Outcome.OOM, "no memory"),
        (Outcome.LOST, "cancelled"),
    ]


def test_time_left_can_be_told_from_what_ended_and_what_waits(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(4)] + [entry(0, train_size=300)])
    for seconds in (10.0, 30.0):
        done = claim(database)
        database.jobs.finish(done, RESULT)
        sql = "UPDATE attempts SET ended = started + :seconds WHERE digest = :digest"
        execute(database, sql, seconds=seconds, digest=done.digest)
    claim(database)
    axes = Axes("tiny", "toy-entail", "vanilla", None)
    assert database.jobs.durations() == pytest.approx({axes: 20.0}, rel=1e-4)
    assert database.jobs.waiting() == {axes: 2, axes._replace(train_size=300): 1}


def test_a_cancelled_job_that_is_queued_again_has_all_its_attempts(database: Database) -> None:
    database.jobs.add([entry()])
    database.jobs.fail(claim(database), Outcome.OOM, "no memory")
    database.jobs.cancel()
    assert database.jobs.add([entry(priority=3)]).revived == 1
    (row,) = database.jobs.list()
    assert (row.state, row.attempts, row.priority) == (State.QUEUED, 0, 3)


def test_a_job_that_is_restarted_keeps_its_scores_as_past_ones_and_waits_for_new(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    first = claim(database)
    database.jobs.finish(first, JobResult(RESULT.scores, provenance={"method_digest": "2:old"}))
    running = claim(database)
    assert database.jobs.restart({first.digest: {"plugins": ["/new.py"]}, running.digest: {}}) == 1
    row = database.jobs.find(first.digest)
    assert (row.state, row.attempts, row.places) == (State.QUEUED, 0, {"plugins": ["/new.py"]})
    assert [count(database, table) for table in ("scores", "curves", "predictions")] == [0, 0, 0]
    found = database.results.past()
    assert [(p.metric, p.old, p.new, p.code) for p in found] == [
        ("accuracy", 0.75, None, "2:old"),
        ("f1", 0.5, None, "2:old"),
    ]
    again = claim(database)
    assert again.digest == first.digest
    database.jobs.finish(again, JobResult((Score("dev", "accuracy", 0.8),)))
    assert [(p.metric, p.old, p.new) for p in database.results.past()] == [
        ("accuracy", 0.75, 0.8),
        ("f1", 0.5, None),
    ]
    database.jobs.restart({first.digest: {}})
    assert [(p.number, p.old) for p in database.results.past() if p.metric == "accuracy"] == [
        (1, 0.75),
        (2, 0.8),
    ]


def test_a_done_job_that_is_queued_again_takes_the_new_places(database: Database) -> None:
    database.jobs.add([entry(0, places={"plugins": ["/old.py"]})])
    database.jobs.finish(claim(database), RESULT)
    database.jobs.add([entry(0, places={"plugins": ["/new.py"]})])
    (row,) = database.jobs.list()
    assert (row.state, row.places) == (State.DONE, {"plugins": ["/new.py"]})
