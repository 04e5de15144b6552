"""What is told of jobs, and which of them are queued again or cancelled."""

from __future__ import annotations

import pytest

from ftbench.db import Database, JobFilter
from ftbench.domain import axes
from ftbench.domain.result import JobResult, Outcome, Score, State
from ftbench.errors import UnknownName
from ftbench.services import jobs as service
from ftbench.services.worker.workdir import WorkDir
from tests.db.samples import claim, entry, execute

RESULT = JobResult((Score("dev", "accuracy", 0.75),), provenance={"torch": "2"})


@pytest.fixture
def filled(database: Database) -> Database:
    """Six jobs: vanilla 0 done, 1 failed, 2 running, 3 queued; bidrop 0 queued, 1 cancelled."""
    database.jobs.add([*(entry(seed) for seed in range(4)), entry(0, "bidrop"), entry(1, "bidrop")])
    database.jobs.cancel(JobFilter(digests=(entry(1, "bidrop").job.digest,)))
    database.jobs.finish(claim(database), RESULT)
    database.jobs.fail(claim(database), Outcome.USER, "too long", "Traceback\nValueError: too long")
    claim(database, lease=100.0)
    return database


def took(database: Database, digest: str, seconds: float) -> None:
    sql = "UPDATE attempts SET started = 1000, ended = 1000 + :s WHERE digest = :d AND number = 1"
    execute(database, sql, s=seconds, d=digest)


def test_a_filter_takes_states_and_names_of_methods_as_they_are_typed() -> None:
    found = service.job_filter(["done", "failed"], ("tiny",), ("rte",), axes.methods("Bi-Drop,bidrop[k=3]"))
    assert found.states == (State.DONE, State.FAILED)
    assert (found.models, found.tasks, found.methods) == (("tiny",), ("rte",), ("bidrop", "bidrop[k=3]"))
    assert service.job_filter() == JobFilter()
    with pytest.raises(UnknownName, match="unknown state 'finished'; known: cancelled, done, failed"):
        service.job_filter(["finished"])


def test_status_counts_jobs_by_state_and_by_cell(filled: Database) -> None:
    found = service.status(filled, JobFilter())
    assert found.counts == {"queued": 2, "running": 1, "done": 1, "failed": 1, "cancelled": 1}
    assert [{k: v for k, v in cell.items() if v} for cell in sorted(found.cells, key=str)] == [
        {"model": "tiny", "task": "toy-entail", "method": "bidrop", "queued": 1, "cancelled": 1},
        {"model": "tiny", "task": "toy-entail", "method": "vanilla"}
        | {"queued": 1, "running": 1, "done": 1, "failed": 1},
    ]
    (running,) = found.running
    assert running["seed"] == 2 and running["worker"] == "worker" and 90 < running["lease_seconds"] <= 100


def test_running_jobs_are_listed_where_the_filter_has_them(filled: Database) -> None:
    assert service.status(filled, JobFilter(states=(State.DONE,))).running == []
    assert len(service.status(filled, JobFilter(states=(State.DONE, State.RUNNING))).running) == 1
    assert service.status(filled, JobFilter(methods=("bidrop",))).running == []


def test_the_time_left_is_what_jobs_like_those_that_wait_have_taken(filled: Database) -> None:
    took(filled, entry(0).job.digest, 60)
    # Two of vanilla wait, and bidrop, of which nothing is known, counts as the mean of all: one at a time.
    assert service.status(filled, JobFilter()).seconds_left == pytest.approx(2 * 60 + 60)
    filled.jobs.add([entry(9, train_size=10)])
    filled.jobs.cancel(JobFilter(digests=(entry(0, "bidrop").job.digest, entry(3).job.digest)))
    filled.jobs.finish(claim(filled), RESULT)
    took(filled, entry(9, train_size=10).job.digest, 20)
    filled.jobs.add([entry(seed, "rdrop") for seed in range(3)])
    claim(filled)
    # One of vanilla and three of rdrop, (60 + 20) / 2 each; two run at once.
    assert service.status(filled, JobFilter()).seconds_left == pytest.approx((60 + 3 * 40) / 2)
    assert service.status(filled, JobFilter(methods=("vanilla",))).seconds_left is None


def test_without_done_jobs_nothing_is_known_of_the_time_left(database: Database) -> None:
    database.jobs.add([entry()])
    assert service.status(database, JobFilter()).seconds_left is None


def test_jobs_are_listed_in_the_order_of_queueing(database: Database) -> None:
    database.jobs.add([entry(3, priority=5, noise=0.1, train_size=64), entry(1, "bidrop", label="mine")])
    first, second = service.listed(database, JobFilter())
    assert first["job"] == entry(3, noise=0.1, train_size=64).job.digest[:12]
    assert {k: v for k, v in first.items() if k != "job" and v is not None} == {
        "state": "queued",
        "model": "tiny",
        "task": "toy-entail",
        "method": "vanilla",
        "train_size": 64,
        "noise": 0.1,
        "seed": 3,
        "attempts": 0,
        "priority": 5,
    }
    assert (second["method"], second["priority"], second["noise"]) == ("mine", None, None)


def test_everything_of_a_job_is_shown(filled: Database) -> None:
    digest = entry(0).job.digest
    took(filled, digest, 61.25)
    shown = service.show(filled, digest[:8])
    assert (shown["job"], shown["state"], shown["label"]) == (digest, "done", "vanilla")
    assert shown["worker"] is None
    assert shown["scores"] == [{"evaluation": "dev", "metric": "accuracy", "value": 0.75}]
    (attempt,) = shown["attempts"]
    assert (attempt["attempt"], attempt["outcome"], attempt["seconds"]) == (1, "ok", 61.2)
    assert attempt["started"] == "1970-01-01T00:16:40Z"
    assert shown["provenance"]["torch"] == "2" and shown["spec"]["seed"] == 0
    assert shown["command"].startswith("ftbench queue --methods vanilla --tasks toy-entail")
    running = service.show(filled, entry(2).job.digest)
    assert running["worker"] == "worker" and running["attempts"][0]["outcome"] == "running"
    assert running["attempts"][0]["seconds"] is None and running["scores"] == []


def test_logs_end_with_the_lines_of_its_file_without_secrets(filled: Database) -> None:
    digest = entry(1).job.digest
    path = WorkDir(filled.address).log(digest)
    found = service.logs(filled, digest, 3)
    assert (found["file"], found["lines"]) == (None, [])
    assert found["attempts"][0]["traceback"] == "Traceback\nValueError: too long"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one\ntwo\ntoken hf_" + b"a" * 34 + b"\nlast \xff\n")
    found = service.logs(filled, digest, 2)
    assert found["file"] == str(path) and found["state"] == "failed"
    token, last = found["lines"]
    assert token.startswith("token ") and "aaaa" not in token and last == "last \ufffd"
    assert service.logs(filled, digest, 0)["lines"] == []


def test_moves_are_the_lines_of_all_workers_about_a_job_in_the_order_of_time(filled: Database) -> None:
    digest = entry(0).job.digest
    folder = WorkDir(filled.address).workers
    assert service.moves(filled, digest) == []
    folder.mkdir(parents=True)
    mine = f"job={digest[:12]}"
    (folder / "a.log").write_text(f"2026-01-03 claimed {mine} x\n2026-01-01 started {mine}\n")
    (folder / "a.log.1").write_text(f"2025-12-31 queued {mine}\n2025-12-31 of {mine}0 more\n")
    (folder / "b.log").write_text(f"2026-01-02 ended {mine}\nnothing\n")
    (folder / "notes.txt").write_text(f"2020 {mine}\n")
    assert [line.split()[1] for line in service.moves(filled, digest)] == [
        "queued",
        "started",
        "ended",
        "claimed",
    ]


def test_retry_and_cancel_take_digests_or_a_filter(filled: Database) -> None:
    failed, cancelled, queued = (one.job.digest for one in (entry(1), entry(1, "bidrop"), entry(3)))
    assert service.retry(filled, [failed[:9]], JobFilter(methods=("nothing",))) == 1
    assert filled.jobs.find(failed).state is State.QUEUED
    assert filled.jobs.find(cancelled).state is State.CANCELLED
    assert service.retry(filled, [], JobFilter(methods=("bidrop",))) == 1
    assert service.cancel(filled, [queued], JobFilter()) == 1
    assert [filled.jobs.find(d).state for d in (failed, queued)] == [State.QUEUED, State.CANCELLED]
    assert service.cancel(filled, [], JobFilter(methods=("vanilla",))) == 2  # running and queued
    assert filled.jobs.find(entry(0).job.digest).state is State.DONE
    with pytest.raises(UnknownName, match="unknown job 'zz'"):
        service.cancel(filled, ["zz"], JobFilter())


def test_checkpoints_of_cancelled_jobs_go_at_once(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    folder = WorkDir(database.address)
    digests = [row.digest for row in database.jobs.list()]
    for digest in digests:
        folder.checkpoints(digest, "1a").mkdir(parents=True)
    assert service.cancel(database, [digests[0]], JobFilter()) == 1
    assert [bool(folder.earlier(digest)) for digest in digests] == [False, True]


def test_a_task_of_a_file_is_filtered_by_the_name_that_the_file_gives() -> None:
    assert service.job_filter(tasks=("./gone/Reviews.csv", "cola")).tasks == ("reviews", "cola")
