"""What a worker tells its log of a job's way, and why."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, JobFilter, Lease
from ftbench.errors import DatabaseBusy, FtbenchError
from tests.services.worker.helpers import PROGRESS, SCORE, Watch, make_gate, queue, second, work
from tests.services.worker.logs import events, kept
from tests.services.worker.processes import open_gate_patiently


def test_a_job_that_goes_well_is_followed_from_claim_to_end(database: Database, folder: Path) -> None:
    (digest,) = queue(database, [PROGRESS, SCORE])
    with kept(folder):
        work(database, name="w")
    told = events(folder)
    assert [line.split()[0] for line in told] == [
        "started",
        "claimed",
        "child-started",
        "child-ready",
        "training",
        "finished",
        "drained",
        "ended",
    ]
    assert re.fullmatch(
        r"started pid=\d+ ftbench=\S+ python=\S+ (torch=\S+ )?"
        r"device=cpu threads=1 slots=1 lease=20.0 drain=True",
        told[0],
    )
    job = f"job={digest[:12]} attempt=1"
    assert told[1] == f"claimed {job} method=bidrop task=toy seed=0 model=tiny"
    assert re.fullmatch(rf"training {job} child=\d+", told[4])
    assert re.fullmatch(rf"finished {job} outcome=ok seconds=[\d.]+", told[5])
    assert told[6:] == ['drained reason="the queue is empty"', "ended attempts=1 done=1 failed=0"]


@pytest.mark.parametrize(
    ("script", "event", "words"),
    [
        ([["die", signal.SIGKILL]], "child-died", "SIGKILL"),
        ([["exit", 3]], "child-died", "exit code 3"),
        ([["die", signal.SIGKILL]], "queued-again", "outcome=lost"),
        ([["fail", "oom"]], "queued-again", "outcome=oom"),
        ([["fail", "user"]], "failed", 'outcome=user reason="no good"'),
        ([["line", "nonsense\n"]], "queued-again", "outcome=lost"),
        ([["line", "nonsense\n"]], "child-ended", "the training process sent"),
    ],
)
def test_the_reason_of_a_failure_stands_in_the_log(
    database: Database, folder: Path, script: list[list[Any]], event: str, words: str
) -> None:
    queue(database, script)
    with kept(folder):
        work(database)
    found = events(folder, event)
    assert found and all(words in line for line in found)
    assert len(events(folder, "failed")) == 1


def test_a_timeout_and_a_training_process_that_does_not_stop_are_told(
    database: Database, folder: Path, tmp_path: Path
) -> None:
    gate = make_gate(tmp_path / "gate")
    queue(database, [["deaf"], ["gate", str(gate)]])
    with kept(folder):
        work(database, timeout=0.3, grace=0.1, max_jobs=1)
    told = events(folder, "stopping", "killed", "child-died", "queued-again", "enough")
    assert [line.split()[0] for line in told] == [
        "stopping",
        "killed",
        "child-died",
        "queued-again",
        "enough",
    ]
    assert 'reason="no end within --timeout"' in told[0] and "no end after 0.1 s" in told[1]
    assert "outcome=timeout" in told[3] and told[4] == "enough jobs=1"


def test_a_cancelled_job_and_one_of_a_silent_worker_are_told(
    database: Database, folder: Path, tmp_path: Path
) -> None:
    gate = make_gate(tmp_path / "gate")
    (silent,) = queue(database, [PROGRESS, ["gate", str(gate)]])
    with second(database) as other:
        assert other.jobs.claim("gone", 0.0) is not None
        where = JobFilter(digests=(silent,))
        with kept(folder):
            work(database, Watch(on_step=lambda *_: other.jobs.cancel(where) and None), lease=0.3)
    told = events(folder, "taken-back", "claimed", "lease-lost", "stopping", "dropped")
    job = f"job={silent[:12]}"
    assert told[0] == f'taken-back {job} owner=gone state=queued reason="the worker sent no heartbeat"'
    assert told[1].startswith(f"claimed {job} attempt=2 ")
    assert [line.split()[0] for line in told[2:]] == ["lease-lost", "stopping", "dropped"]
    assert told[-1] == f"dropped {job} attempt=2 reason=cancelled state=cancelled"


def test_locks_of_the_database_are_told(
    database: Database, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = make_gate(tmp_path / "gate")
    (digest,) = queue(database, [["gate", str(gate)], SCORE])
    beat, finish = database.jobs.heartbeat, database.jobs.finish
    busy = [DatabaseBusy("locked at the end"), DatabaseBusy("locked at a heartbeat")]

    def heartbeat(claim: Lease, lease: float) -> bool:
        if len(busy) == 2:
            raise busy.pop()
        open_gate_patiently(gate)
        return beat(claim, lease)

    def ended(*given: Any) -> bool:
        if busy:
            raise busy.pop()
        return finish(*given)

    monkeypatch.setattr(database.jobs, "heartbeat", heartbeat)
    monkeypatch.setattr(database.jobs, "finish", ended)
    with kept(folder):
        assert work(database, lease=0.3).done == 1
    assert events(folder, "heartbeat-missed", "database-locked") == [
        f'heartbeat-missed job={digest[:12]} attempt=1 reason="locked at a heartbeat"',
        'database-locked reason="locked at the end"',
    ]


def test_too_many_jobs_at_once_are_told_with_what_comes_of_them(
    database: Database, folder: Path, tmp_path: Path
) -> None:
    gate = make_gate(tmp_path / "gate")
    queue(database, [PROGRESS, ["gate", str(gate)], SCORE], [PROGRESS, ["fail", "oom"]])

    class Last(Watch):
        def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
            super().ended(digest, how, seconds, detail)
            if how == "released":
                open_gate_patiently(gate)

    with kept(folder):
        work(database, Last(), slots=2)
    released, slots = events(folder, "released", "slots")
    assert 'reason="no memory for it beside the others; back in the queue"' in released
    assert slots.startswith('slots slots=1 reason="2 jobs at once are too many')


def test_a_worker_that_stops_tells_why_and_what_it_abandons(
    database: Database, folder: Path, tmp_path: Path
) -> None:
    gate = make_gate(tmp_path / "gate")
    (digest,) = queue(database, [PROGRESS, ["gate", str(gate)]])

    def full(_digest: str, _step: int) -> None:
        raise OSError(28, "No space left on device")

    with kept(folder), pytest.raises(FtbenchError):
        work(database, Watch(on_step=full))
    reason = 'reason="[Errno 28] No space left on device"'
    assert events(folder)[-4:-1:3] == [f"stopped {reason}"]
    assert f"abandoned job={digest[:12]} attempt=1 {reason}" in events(folder)
    assert events(folder)[-1] == "ended attempts=0 done=0 failed=0"
