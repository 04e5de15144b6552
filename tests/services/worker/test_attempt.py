"""One attempt at a job, with a training process that does what it is told."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, JobFilter, Lease
from ftbench.domain.events import End
from ftbench.domain.result import Outcome, State
from ftbench.errors import DatabaseBusy
from ftbench.services.worker import attempt as module
from ftbench.services.worker.attempt import Attempt, Why
from ftbench.services.worker.child import wait
from ftbench.services.worker.handover import command
from ftbench.services.worker.options import Options
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import LIMIT, PROGRESS, SCORE, Watch, make_gate, queue
from tests.services.worker.processes import open_gate_patiently

Take = Callable[..., Attempt]


def begin(attempt: Attempt, database: Database) -> None:
    """Hand the job over."""
    folder = WorkDir(database.address)
    attempt.child.send(command(attempt.claim, attempt.log, folder, Options(name="w"), memory=False))


def follow(attempt: Attempt) -> End:
    """Look until the attempt has ended."""
    limit = time.monotonic() + LIMIT
    while (end := attempt.look()) is None:
        assert time.monotonic() < limit
        wait([attempt.child], [], min(attempt.patience, LIMIT))
    return end


def test_it_gathers_what_the_training_process_sends_and_shows_the_steps(
    database: Database, take: Take
) -> None:
    queue(database, [PROGRESS, SCORE])
    steps: list[int] = []
    attempt = take(Watch(on_step=lambda digest, step: steps.append(step)))
    begin(attempt, database)
    assert follow(attempt) == End("done")
    assert steps == [1] and attempt.collector.started and attempt.why is None
    assert [score.value for score in attempt.collector.result().scores] == [0.5]
    assert attempt.seconds > 0


@pytest.mark.parametrize(
    ("script", "kind", "outcome", "words"),
    [
        ([["fail", "user"]], "failed", Outcome.USER, "no good"),
        ([["say", "the end"], ["exit", 3]], "died", Outcome.LOST, "exit code 3; the log ends with: the end"),
        ([["die", signal.SIGSEGV]], "died", Outcome.LOST, "SIGSEGV"),
        ([["say", "MemoryError"], ["exit", 1]], "died", Outcome.OOM, "MemoryError"),
        ([["line", "nonsense\n"]], "garbage", Outcome.LOST, "the training process sent"),
    ],
)
def test_the_end_says_what_happened(
    database: Database, take: Take, script: list[Any], kind: str, outcome: Outcome, words: str
) -> None:
    queue(database, script)
    attempt = take()
    begin(attempt, database)
    end = follow(attempt)
    assert (end.kind, end.outcome) == (kind, outcome) and words in end.message
    assert attempt.child.killed is (kind == "garbage")


def test_a_job_that_is_lost_is_lost_whatever_else_was_asked(database: Database, take: Take) -> None:
    queue(database, [])
    attempt = take()
    for why, stays in ((Why.TIMEOUT, Why.TIMEOUT), (Why.SIGNAL, Why.TIMEOUT), (Why.LOST, Why.LOST)):
        attempt.stop(why)
        assert attempt.why is stays
    attempt.stop(Why.SIGNAL)
    assert attempt.why is Why.LOST


def test_asked_to_stop_it_ends_with_a_checkpoint(database: Database, take: Take, tmp_path: Path) -> None:
    gate = make_gate(tmp_path / "gate")
    (digest,) = queue(database, [PROGRESS, ["gate", str(gate)]])
    attempts: list[Attempt] = []
    attempts.append(take(Watch(on_step=lambda *_: attempts[0].stop(Why.SIGNAL))))
    begin(attempts[0], database)
    assert follow(attempts[0]) == End("stopped")
    assert (WorkDir(database.address).checkpoints(digest) / "checkpoint").exists()


def test_the_time_that_is_too_long_and_the_grace_after_it(
    database: Database, take: Take, tmp_path: Path
) -> None:
    gate = make_gate(tmp_path / "gate")
    queue(database, [["deaf"], ["gate", str(gate)]])
    attempt = take(timeout=0.2, grace=0.2)
    begin(attempt, database)
    end = follow(attempt)
    assert attempt.why is Why.TIMEOUT and attempt.child.killed and end.kind == "died"
    assert "stopped answering" in end.message
    assert attempt.seconds >= 0.4


def test_heartbeats_come_three_times_in_a_lease_and_tell_that_the_job_is_lost(
    database: Database, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = make_gate(tmp_path / "gate")
    (digest,) = queue(database, [["gate", str(gate)]])
    beat, moments = database.jobs.heartbeat, list[float]()

    def counted(claim: Lease, lease: float) -> bool:
        moments.append(time.monotonic())
        if len(moments) == 2:
            database.jobs.cancel(JobFilter(digests=(digest,)))
        return beat(claim, lease)

    monkeypatch.setattr(database.jobs, "heartbeat", counted)
    attempt = take(lease=0.9)
    assert attempt.patience <= 0.3
    begin(attempt, database)
    assert follow(attempt).kind == "stopped"
    assert attempt.why is Why.LOST and len(moments) == 2
    assert moments[1] - moments[0] >= 0.29
    assert attempt.patience > 1, "a job that is lost needs no heartbeat"


def test_a_heartbeat_that_meets_a_lock_is_tried_again_soon_and_loses_nothing(
    database: Database, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AGAIN", 0.05)
    gate = make_gate(tmp_path / "gate")
    queue(database, [["gate", str(gate)], SCORE])
    beat, calls = database.jobs.heartbeat, 0

    def locked(claim: Lease, lease: float) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise DatabaseBusy
        open_gate_patiently(gate)
        return beat(claim, lease)

    monkeypatch.setattr(database.jobs, "heartbeat", locked)
    attempt = take(lease=0.6)
    begin(attempt, database)
    assert follow(attempt) == End("done")
    assert calls == 2 and attempt.why is None


def test_it_is_exclusive_where_nothing_else_was_ever_seen_running(database: Database, take: Take) -> None:
    queue(database, [], [])
    watch = Watch()
    attempt = take(watch)
    attempt.count()
    assert attempt.exclusive and watch.counts[State.RUNNING] == 1
    other = database.jobs.claim("other", 60)
    assert other is not None
    attempt.count()
    database.jobs.release(other)
    attempt.count()
    assert not attempt.exclusive
    attempt = take()
    attempt.packed = 2
    assert not attempt.exclusive
