"""A worker in a process of its own: interrupted, ended and killed."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ftbench.db import Database
from ftbench.domain.result import Outcome, State
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import (
    LIMIT,
    PROGRESS,
    SCORE,
    Watch,
    checkpointed,
    make_gate,
    queue,
    scores,
    state,
    work,
)
from tests.services.worker.processes import Driver, child_of, is_over, open_gate_patiently


def start(database: Database, drivers: list[Driver], lease: float = 20.0) -> Driver:
    drivers.append(Driver(database.address, lease))
    return drivers[-1]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGUSR1, 138)],
)
def test_a_signal_puts_the_job_back_and_ends_worker_and_training_process(
    database: Database, drivers: list[Driver], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    gate, mark = make_gate(tmp_path / "gate"), tmp_path / "pids"
    digest, untouched = queue(database, [["mark", str(mark)], PROGRESS, ["gate", str(gate)], SCORE], [])
    driver = start(database, drivers)
    driver.until("step")
    child = child_of(mark)
    driver.process.send_signal(number)
    assert driver.end() == code
    assert is_over(child)
    assert driver.said[-1] == ["ended", "released", "back in the queue"]
    assert [state(database, d) for d in (digest, untouched)] == [State.QUEUED] * 2
    assert database.jobs.find(digest).attempts == 0
    assert database.results.attempts(digest) == []
    assert checkpointed(WorkDir(database.address), digest)


def test_a_second_ctrl_c_does_not_wait_for_the_training_process(
    database: Database, drivers: list[Driver], tmp_path: Path
) -> None:
    gate, mark = make_gate(tmp_path / "gate"), tmp_path / "pids"
    (digest,) = queue(database, [["mark", str(mark)], ["deaf"], PROGRESS, ["gate", str(gate)]])
    driver = start(database, drivers)
    driver.until("step")
    child = child_of(mark)
    driver.process.send_signal(signal.SIGINT)
    driver.until("say")  # it has asked for a checkpoint, in vain
    driver.process.send_signal(signal.SIGINT)
    assert driver.end() == 130
    assert is_over(child)
    assert state(database, digest) is State.QUEUED
    assert database.results.attempts(digest) == []


def test_a_job_that_ends_well_after_ctrl_c_is_recorded(
    database: Database, drivers: list[Driver], tmp_path: Path
) -> None:
    gate = make_gate(tmp_path / "gate")
    digest, untouched = queue(database, [["deaf"], PROGRESS, ["gate", str(gate)], SCORE], [])
    driver = start(database, drivers)
    driver.until("step")
    driver.process.send_signal(signal.SIGINT)
    driver.until("say")
    open_gate_patiently(gate)
    assert driver.end() == 130
    assert scores(database) == [(digest, 0.5)]
    assert state(database, untouched) is State.QUEUED


def test_an_idle_worker_ends_at_once(database: Database, drivers: list[Driver], tmp_path: Path) -> None:
    (digest,) = queue(database, [])
    claim = database.jobs.claim("elsewhere", 60)
    assert claim is not None and claim.digest == digest
    driver = start(database, drivers)
    driver.until("say")  # it waits to see whether the other worker lives
    driver.process.send_signal(signal.SIGTERM)
    assert driver.end() == 143


def test_the_job_of_a_killed_worker_is_finished_by_the_next_one(
    database: Database, drivers: list[Driver], tmp_path: Path
) -> None:
    gate, mark = make_gate(tmp_path / "gate"), tmp_path / "pids"
    script = [["mark", str(mark)], PROGRESS, ["gate", str(gate)], SCORE]
    (digest,) = queue(database, script)
    driver = start(database, drivers, lease=0.6)
    driver.until("step")
    child = child_of(mark)
    driver.process.kill()
    driver.process.wait(LIMIT)
    assert is_over(child), "the training process went on without its worker"

    # the next worker starts while the lease of the dead one still holds
    work(database, Watch(on_step=lambda *_: open_gate_patiently(gate)))
    assert [a.outcome for a in database.results.attempts(digest)] == [Outcome.LOST, Outcome.OK]
    assert scores(database) == [(digest, 0.5)]


def test_workers_killed_again_and_again_leave_one_result_for_each_job(
    database: Database, drivers: list[Driver]
) -> None:
    digests = queue(database, *[[PROGRESS, SCORE]] * 8)
    for number in range(3):
        driver = start(database, drivers, lease=0.3)
        for _ in range(number + 1):
            driver.until("started")
            driver.said.clear()
        driver.process.kill()
        driver.process.wait(LIMIT)
    work(database)
    assert sorted(scores(database)) == sorted((d, 0.5) for d in digests)
    lost = [a for d in digests for a in database.results.attempts(d) if a.outcome is Outcome.LOST]
    assert len(lost) <= 3
