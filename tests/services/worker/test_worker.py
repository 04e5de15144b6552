"""The worker, with a training process that does what it is told."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, JobFilter, Lease
from ftbench.domain.result import JobResult, Outcome, Score, State
from ftbench.errors import DatabaseBusy, FtbenchError
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import (
    PROGRESS,
    SCORE,
    Watch,
    checkpointed,
    make_gate,
    open_gate,
    queue,
    scores,
    second,
    state,
    work,
)


def outcomes(database: Database, digest: str) -> list[Outcome | None]:
    return [attempt.outcome for attempt in database.results.attempts(digest)]


def test_draining_does_every_job_once_in_one_training_process(database: Database, tmp_path: Path) -> None:
    mark = str(tmp_path / "pids")
    digests = queue(database, *[[["mark", mark], ["score", n / 10]] for n in range(5)])
    watch = Watch()
    tally = work(database, watch)
    assert (tally.done, tally.exit_code) == (5, 0)
    assert sorted(scores(database)) == sorted((d, n / 10) for n, d in enumerate(digests))
    assert len(set(Path(mark).read_text().split())) == 1
    assert [outcomes(database, d) for d in digests] == [[Outcome.OK]] * 5
    assert watch.how == ["done"] * 5
    assert watch.closed
    assert watch.said[-1] == "the queue is empty"


def test_a_lock_while_the_jobs_are_counted_costs_no_result(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (digest,) = queue(database, [PROGRESS, SCORE])
    counts, busy = database.jobs.counts, []

    def counted() -> dict[State, int]:
        if busy:
            raise busy.pop()
        return counts()

    monkeypatch.setattr(database.jobs, "counts", counted)
    tally = work(database, Watch(on_step=lambda *_: busy.append(DatabaseBusy())))
    assert tally.done == 1 and not busy
    assert scores(database) == [(digest, 0.5)]


def test_everything_that_was_sent_is_recorded(database: Database) -> None:
    logits = "eJxjYGBgAAAABAAB"  # zlib of four zero bytes: one row, one output
    prediction = {
        "event": "predictions",
        "run": "main",
        "evaluation": "dev",
        "rows": 1,
        "outputs": 1,
        "logits": logits,
    }
    curve = {"event": "curve", "run": "main", "step": 1, "name": "loss", "value": 0.7}
    facts = {"event": "provenance", "values": {"torch": "2"}}
    (digest,) = queue(database, [*(["event", e] for e in (prediction, curve, curve, facts)), SCORE])
    work(database)
    assert [(p.step, p.value) for p in database.results.curves(digest)] == [(1, 0.7)]
    assert [p.rows for p in database.results.predictions(digest)] == [1]
    found = database.results.provenance(digest)
    assert (found["torch"], found["worker"], found["exclusive"]) == ("2", "w", True)
    assert found["wall_seconds"] > 0


@pytest.mark.parametrize(("outcome", "tries"), [("user", 1), ("diverged", 1), ("oom", 3), ("timeout", 3)])
def test_a_failure_is_recorded_and_tried_again_where_that_may_help(
    database: Database, outcome: str, tries: int
) -> None:
    bad, good = queue(database, [["fail", outcome]], [])
    watch = Watch()
    assert work(database, watch).exit_code == 1
    assert (state(database, bad), state(database, good)) == (State.FAILED, State.DONE)
    attempts = database.results.attempts(bad)
    assert [a.outcome for a in attempts] == [Outcome(outcome)] * tries
    assert (attempts[0].message, attempts[0].traceback) == ("no good", "Trace")
    assert watch.how == ["again"] * (tries - 1) + ["failed", "done"]


def test_a_job_that_memory_has_no_room_for_in_any_cut_is_tried_once(database: Database) -> None:
    failed = {"event": "failed", "outcome": "oom", "message": "no memory", "final": True}
    (bad,) = queue(database, [["event", failed]])
    watch = Watch()
    assert work(database, watch).exit_code == 1
    assert (outcomes(database, bad), watch.how) == ([Outcome.OOM], ["failed"])


@pytest.mark.parametrize(("outcome", "processes"), [("user", 1), ("environment", 3)])
def test_after_an_error_of_the_machine_the_next_job_gets_a_fresh_process(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, processes: int
) -> None:
    monkeypatch.setattr("ftbench.services.worker.aside.PAUSE", 0.01)
    mark = str(tmp_path / "pids")
    _, good = queue(database, [["mark", mark], ["fail", outcome]], [["mark", mark], SCORE])
    work(database)
    assert outcomes(database, good) == [Outcome.OK]
    assert len(set(Path(mark).read_text().split())) == processes


def test_checkpoints_are_kept_while_a_job_may_go_on_and_deleted_after(database: Database) -> None:
    folder = WorkDir(database.address)
    seen: list[bool] = []
    digests = queue(database, [PROGRESS, ["exit", 1]], [PROGRESS, SCORE], [PROGRESS, ["fail", "user"]])

    def look(digest: str, step: int) -> None:
        seen.append(checkpointed(folder, digest))
        (folder.earlier(digest)[-1] / "checkpoint").write_text("half way")

    work(database, Watch(on_step=look))
    assert seen == [False, True, True, False, False]
    assert [state(database, d) for d in digests] == [State.FAILED, State.DONE, State.FAILED]
    assert not any(folder.earlier(d) for d in digests)
    assert all(folder.log(d).exists() for d in digests)


@pytest.mark.parametrize(
    ("death", "words"),
    [
        (["exit", 3], "exit code 3"),
        (["die", signal.SIGABRT], "SIGABRT"),
        (["die", signal.SIGKILL], "the kernel's out-of-memory killer"),
    ],
)
def test_a_death_costs_an_attempt_and_the_next_job_runs_in_a_fresh_process(
    database: Database, tmp_path: Path, death: list[Any], words: str
) -> None:
    mark = str(tmp_path / "pids")
    bad, good = queue(database, [["mark", mark], ["say", "last words"], death], [["mark", mark], SCORE])
    work(database)
    attempts = database.results.attempts(bad)
    assert [a.outcome for a in attempts] == [Outcome.LOST] * 3
    assert words in attempts[0].message and "last words" in attempts[0].message
    assert "last words" in attempts[0].traceback
    assert outcomes(database, good) == [Outcome.OK]
    assert len(set(Path(mark).read_text().split())) == 4


def test_a_death_is_blamed_on_memory_where_the_log_says_so(database: Database) -> None:
    (digest,) = queue(database, [["say", "Traceback …\nMemoryError"], ["exit", 1]])
    work(database)
    assert outcomes(database, digest) == [Outcome.OOM] * 3


def test_a_log_line_of_an_earlier_attempt_is_not_blamed(database: Database) -> None:
    (digest,) = queue(database, [["exit", 1]])
    log = WorkDir(database.address).log(digest)
    log.parent.mkdir(parents=True)
    log.write_text("MemoryError\n")
    work(database)
    attempts = database.results.attempts(digest)
    assert [a.outcome for a in attempts] == [Outcome.LOST] * 3
    assert "MemoryError" not in attempts[0].message


def test_a_job_that_was_sent_whole_before_the_death_is_done(database: Database) -> None:
    first, last = queue(database, [SCORE, ["event", {"event": "done"}], ["die", signal.SIGKILL]], [])
    work(database)
    assert outcomes(database, first) == outcomes(database, last) == [Outcome.OK]


@pytest.mark.parametrize(
    "garbage",
    [
        ["line", "nonsense\n"],
        ["event", {"event": "surprise"}],
        ["event", {"event": "score", "evaluation": "dev", "metric": "accuracy", "value": "high"}],
        ["event", {"event": "score", "evaluation": "dev", "metric": "accuracy", "value": float("nan")}],
        ["event", {"event": "progress", "digest": "another"}],
        [
            "event",
            {"event": "progress", "run": "main", "step": 1, "total": 2, "memory": {"held": 1, "free": 2}},
        ],
        ["event", {"event": "done"}],  # without a score
    ],
)
def test_garbage_costs_an_attempt_and_the_process_that_sent_it(
    database: Database, tmp_path: Path, garbage: list[Any]
) -> None:
    mark = str(tmp_path / "pids")
    bad, good = queue(database, [["mark", mark], garbage, SCORE], [["mark", mark], SCORE])
    work(database)
    attempts = database.results.attempts(bad)
    assert [a.outcome for a in attempts] == [Outcome.LOST] * 3
    assert "the training process sent" in attempts[0].message
    assert scores(database) == [(good, 0.5)]
    assert len(set(Path(mark).read_text().split())) == 4


def count_heartbeats(
    database: Database, monkeypatch: pytest.MonkeyPatch, then: Callable[[int], None]
) -> None:
    beat, number = database.jobs.heartbeat, 0

    def counted(claim: Lease, lease: float) -> bool:
        nonlocal number
        held = beat(claim, lease)
        number += 1
        then(number)
        return held

    monkeypatch.setattr(database.jobs, "heartbeat", counted)


def test_a_silent_training_process_keeps_its_job_for_longer_than_the_lease(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = make_gate(tmp_path / "gate")
    (digest,) = queue(database, [["gate", str(gate)], SCORE])
    with second(database) as other:
        begun = time.monotonic()

        def look(number: int) -> None:
            assert other.jobs.claim("other", 20) is None
            if number == 7:  # 7/3 of the lease
                open_gate(gate)

        count_heartbeats(database, monkeypatch, look)
        work(database, lease=0.6)
        assert time.monotonic() - begun > 1.2
    assert outcomes(database, digest) == [Outcome.OK]


def test_a_cancelled_job_is_stopped_and_nothing_of_it_recorded(database: Database, tmp_path: Path) -> None:
    gate, mark = make_gate(tmp_path / "gate"), str(tmp_path / "pids")
    script = [["mark", mark], SCORE, PROGRESS, ["gate", str(gate)]]
    cancelled, following = queue(database, script, [["mark", mark], SCORE])
    watch = Watch(on_step=lambda digest, step: cancel(database, digest))
    work(database, watch, lease=0.3)
    assert state(database, cancelled) is State.CANCELLED
    assert scores(database) == [(following, 0.5)]
    assert len(set(Path(mark).read_text().split())) == 1, "the training process lives on"
    assert watch.how == ["dropped", "done"] and watch.details[0] == "cancelled"
    assert not WorkDir(database.address).earlier(cancelled)


def cancel(database: Database, digest: str) -> None:
    with second(database) as other:
        assert other.jobs.cancel(JobFilter(digests=(digest,))) == 1


def test_a_training_process_that_does_not_stop_is_killed(database: Database, tmp_path: Path) -> None:
    gate = make_gate(tmp_path / "gate")
    cancelled, following = queue(database, [["deaf"], PROGRESS, ["gate", str(gate)]], [])
    work(database, Watch(on_step=lambda digest, step: cancel(database, digest)), lease=0.3, grace=0.1)
    assert (state(database, cancelled), state(database, following)) == (State.CANCELLED, State.DONE)


def test_a_job_that_another_worker_took_over_is_left_to_it(database: Database, tmp_path: Path) -> None:
    gate = make_gate(tmp_path / "gate")
    (digest,) = queue(database, [SCORE, PROGRESS, ["gate", str(gate)]])
    taken: list[Lease | None] = []

    with second(database) as other:

        def take(_digest: str, _step: int) -> None:
            where = JobFilter(digests=(digest,))
            other.jobs.cancel(where)
            other.jobs.retry(where)
            taken.append(other.jobs.claim("other", 60))

        def renew(_text: str) -> None:
            if taken[0] is not None and len(taken) == 1:
                taken.append(None)
                other.jobs.heartbeat(taken[0], 60)

        watch = Watch(on_step=take, on_say=renew)
        work(database, watch, lease=0.3)
        assert watch.how == ["dropped"] and "another worker" in watch.details[0]
        assert WorkDir(database.address).earlier(digest), "the other one may go on from them"
        assert scores(database) == []
        assert taken[0] is not None
        assert other.jobs.finish(taken[0], JobResult(scores=(Score("dev", "accuracy", 0.9),)))
    assert scores(database) == [(digest, 0.9)]


def test_a_job_that_takes_too_long_is_stopped_and_tried_again(database: Database, tmp_path: Path) -> None:
    gate = make_gate(tmp_path / "gate")
    slow, fast = queue(database, [["gate", str(gate)]], [])
    work(database, timeout=0.1)
    attempts = database.results.attempts(slow)
    assert [a.outcome for a in attempts] == [Outcome.TIMEOUT] * 3
    assert "--timeout" in attempts[0].message
    assert state(database, fast) is State.DONE


def test_training_processes_killed_at_random_moments_leave_one_result_for_each_job(
    database: Database, tmp_path: Path
) -> None:
    chance, mark = random.Random(20), tmp_path / "pids"
    steps = [["event", {"event": "progress", "run": "main", "step": n, "total": 9}] for n in range(1, 10)]
    script = [["mark", str(mark)], *steps[:5], SCORE, *steps[5:]]
    digests = queue(database, *[script] * 12)
    kills = dict.fromkeys(digests, 0)

    def maybe_kill(digest: str, step: int) -> None:
        if kills[digest] < 2 and chance.random() < 0.1:
            kills[digest] += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(mark.read_text().split()[-1]), signal.SIGKILL)

    work(database, Watch(on_step=maybe_kill))
    assert sum(kills.values()) > 5
    assert sorted(scores(database)) == sorted((d, 0.5) for d in digests)
    for digest in digests:
        # a kill may come when the process has sent all of this job: then it hits the next one, or none
        found = outcomes(database, digest)
        assert found[-1] is Outcome.OK and set(found[:-1]) <= {Outcome.LOST}


def test_a_training_process_that_never_starts_stops_the_worker_and_costs_no_job_an_attempt(
    database: Database,
) -> None:
    digests = queue(database, [], [])
    program = "import sys; print('no module named torch', file=sys.stderr); sys.exit(1)"
    with pytest.raises(FtbenchError, match="does not start.*exit code 1.*no module named torch"):
        work(database, command=(sys.executable, "-I", "-S", "-c", program))
    assert [state(database, d) for d in digests] == [State.QUEUED] * 2
    assert database.results.attempts(digests[0]) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_stops_the_worker_with_one_line_and_the_job_goes_back(database: Database) -> None:
    (digest,) = queue(database, [])
    log = WorkDir(database.address).log(digest)
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")
    with pytest.raises(FtbenchError, match="No space left on device"):
        work(database)
    assert state(database, digest) is State.QUEUED
    assert database.results.attempts(digest) == []


def test_max_jobs_ends_the_worker_early(database: Database) -> None:
    queue(database, [], [], [])
    assert work(database, max_jobs=2).done == 2
    assert database.jobs.counts()[State.QUEUED] == 1


def test_without_drain_the_worker_waits_for_jobs_to_come(database: Database) -> None:
    with second(database) as other:
        watch = Watch(on_say=lambda text: "waiting" in text and queue(other, []))
        assert work(database, watch, drain=False, max_jobs=1).done == 1
    assert watch.said[0].startswith("the queue is empty: waiting")


def test_draining_waits_for_the_job_of_a_worker_that_is_gone(database: Database) -> None:
    (digest,) = queue(database, [])
    with second(database) as other:
        assert other.jobs.claim("gone", 0.6) is not None
    work(database)
    assert outcomes(database, digest) == [Outcome.LOST, Outcome.OK]


def test_draining_does_not_wait_for_a_worker_that_lives(database: Database) -> None:
    queue(database, [])
    with second(database) as other:
        claim = other.jobs.claim("alive", 60)
        assert claim is not None
        watch = Watch(on_say=lambda text: other.jobs.heartbeat(claim, 60))
        assert work(database, watch).done == 0
    assert watch.said[-1] == "the queue is empty; other workers still run 1 job"


def test_a_result_made_beside_another_running_job_is_not_exclusive(database: Database) -> None:
    shared, taken = queue(database, [], [])
    del taken
    with second(database) as other:
        watch = Watch(on_start=lambda digest: other.jobs.claim("other", 60))
        work(database, watch, max_jobs=1)
    assert database.results.provenance(shared)["exclusive"] is False
