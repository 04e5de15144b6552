"""A worker that trains several jobs at once: what holds for one slot holds for each."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, JobFilter, Lease
from ftbench.domain.events import Memory
from ftbench.domain.result import Outcome, State
from ftbench.errors import DatabaseBusy, FtbenchError
from ftbench.services.worker import machine, packing
from ftbench.services.worker.mps import Mps
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import (
    PROGRESS,
    SCORE,
    Watch,
    make_gate,
    open_gate,
    queue,
    scores,
    second,
    state,
    work,
)
from tests.services.worker.processes import Driver, child_of, is_over, open_gate_patiently

STOPPING = "stopping: the jobs write checkpoints first (once more to stop at once)"


@pytest.fixture(autouse=True)
def many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever machine this is."""
    monkeypatch.setattr(machine, "cores", lambda: 16)


def outcomes(database: Database, digest: str) -> list[Outcome | None]:
    return [attempt.outcome for attempt in database.results.attempts(digest)]


def in_a_ring(tmp_path: Path, count: int) -> tuple[list[list[Any]], list[Path]]:
    """Scripts of jobs each of which waits at a gate of its own once it has told a step."""
    gates = [make_gate(tmp_path / f"gate{n}") for n in range(count)]
    return [[PROGRESS, ["gate", str(gate)], SCORE] for gate in gates], gates


class Opener:
    """Opens all gates once all jobs have told a step, so that none can end before all have begun."""

    def __init__(self, gates: list[Path]) -> None:
        self.gates, self.begun = gates, set[str]()

    def __call__(self, digest: str, _step: int) -> None:
        self.begun.add(digest)
        if len(self.begun) == len(self.gates):
            for gate in self.gates:
                open_gate_patiently(gate)


def test_all_slots_are_busy_at_once(database: Database, tmp_path: Path) -> None:
    scripts, gates = in_a_ring(tmp_path, 3)
    digests = queue(database, *scripts)
    watch = Watch(on_step=Opener(gates))
    assert work(database, watch, slots=3).done == 3
    assert sorted(scores(database)) == sorted((digest, 0.5) for digest in digests)
    for digest in digests:
        facts = database.results.provenance(digest)
        assert (facts["exclusive"], facts["slots"]) == (False, 3)


def test_each_job_is_done_once_by_a_training_process_for_each_slot(
    database: Database, tmp_path: Path
) -> None:
    mark = str(tmp_path / "pids")
    digests = queue(database, *[[["mark", mark], PROGRESS, ["score", n / 20]] for n in range(20)])
    watch = Watch()
    tally = work(database, watch, slots=3)
    assert (tally.done, tally.ended, tally.exit_code) == (20, 20, 0)
    assert sorted(scores(database)) == sorted((d, n / 20) for n, d in enumerate(digests))
    assert [outcomes(database, d) for d in digests] == [[Outcome.OK]] * 20
    assert len(Path(mark).read_text().split()) == 20
    assert len(set(Path(mark).read_text().split())) <= 3
    assert watch.said == ["the queue is empty"]


def test_a_job_that_ends_before_the_next_begins_was_alone(database: Database, tmp_path: Path) -> None:
    digests = queue(database, [])
    scripts, gates = in_a_ring(tmp_path, 1)
    with second(database) as other:

        def then(text: str) -> None:
            if "waiting" in text and len(digests) == 1:
                digests.extend(queue_more(other, scripts))

        watch = Watch(on_say=then, on_step=Opener(gates))
        work(database, watch, slots=2, drain=False, max_jobs=2)
    found = [database.results.provenance(digest) for digest in digests]
    assert [(facts["exclusive"], facts["slots"]) for facts in found] == [(True, 1)] * 2


def queue_more(database: Database, scripts: list[list[Any]]) -> list[str]:
    from ftbench.db import Entry
    from tests.services.worker.helpers import job

    entries = [Entry(job(100 + n), "bidrop", places={"script": script}) for n, script in enumerate(scripts)]
    database.jobs.add(entries)
    return [entry.job.digest for entry in entries]


def test_max_jobs_counts_the_jobs_of_all_slots(database: Database) -> None:
    queue(database, *[[]] * 6)
    watch = Watch()
    assert work(database, watch, slots=4, max_jobs=5).ended == 5
    assert database.jobs.counts()[State.QUEUED] == 1
    assert watch.said == ["stopping after 5 jobs"]


@pytest.mark.parametrize(
    "death", [["die", signal.SIGKILL], ["fail", "timeout"], ["line", "nonsense\n"], ["fail", "user"]]
)
def test_what_happens_in_one_slot_does_not_touch_the_other(
    database: Database, tmp_path: Path, death: list[Any]
) -> None:
    gate, mark = make_gate(tmp_path / "gate"), tmp_path / "pids"
    steady, bad = queue(database, [["mark", str(mark)], PROGRESS, ["gate", str(gate)], SCORE], [death, SCORE])

    class Last(Watch):
        def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
            super().ended(digest, how, seconds, detail)
            if how == "failed":
                open_gate_patiently(gate)

    work(database, Last(), slots=2)
    assert (state(database, steady), state(database, bad)) == (State.DONE, State.FAILED)
    assert outcomes(database, steady) == [Outcome.OK]
    assert len(outcomes(database, bad)) == (1 if death[1] == "user" else 3)
    assert len(mark.read_text().split()) == 1


def test_every_slot_keeps_its_lease(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates = [make_gate(tmp_path / f"gate{n}") for n in range(2)]
    digests = queue(database, *[[["gate", str(gate)], SCORE] for gate in gates])
    beats = dict.fromkeys(digests, 0)
    beat = database.jobs.heartbeat
    with second(database) as other:

        def counted(claim: Lease, lease: float) -> bool:
            held = beat(claim, lease)
            beats[claim.digest] += 1
            assert held and other.jobs.claim("other", 20) is None
            if min(beats.values()) == 7:  # 7/3 of the lease
                for gate in gates:
                    open_gate(gate)
                beats[claim.digest] += 100
            return held

        monkeypatch.setattr(database.jobs, "heartbeat", counted)
        work(database, lease=0.6, slots=2)
    assert [outcomes(database, digest) for digest in digests] == [[Outcome.OK]] * 2


def test_a_lock_at_a_claim_does_not_touch_the_jobs_at_hand(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = make_gate(tmp_path / "gate")
    first, last = queue(database, [PROGRESS, ["gate", str(gate)], SCORE], [])
    claim, claims = database.jobs.claim, 0

    def locked(*given: Any) -> Lease | None:
        nonlocal claims
        claims += 1
        if claims == 2:
            raise DatabaseBusy
        return claim(*given)

    monkeypatch.setattr(database.jobs, "claim", locked)
    work(database, Watch(on_step=lambda *_: open_gate_patiently(gate)), slots=2)
    assert [outcomes(database, d) for d in (first, last)] == [[Outcome.OK]] * 2


def test_a_cancelled_job_is_stopped_and_the_other_slot_goes_on(database: Database, tmp_path: Path) -> None:
    scripts, gates = in_a_ring(tmp_path, 2)
    cancelled, kept = queue(database, *scripts)
    begun = set[str]()

    def step(digest: str, _step: int) -> None:
        begun.add(digest)
        if len(begun) == 2:
            with second(database) as other:
                other.jobs.cancel(JobFilter(digests=(cancelled,)))

    class Last(Watch):
        def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
            super().ended(digest, how, seconds, detail)
            if how == "dropped":
                open_gate_patiently(gates[1])

    watch = Last(on_step=step)
    work(database, watch, lease=0.6, slots=2)
    assert watch.how == ["dropped", "done"]
    assert (state(database, cancelled), scores(database)) == (State.CANCELLED, [(kept, 0.5)])


def test_a_lost_job_is_not_taken_up_beside_its_old_training_process(
    database: Database, tmp_path: Path
) -> None:
    gate, mark = make_gate(tmp_path / "gate"), tmp_path / "pids"
    (digest,) = queue(database, [["mark", str(mark)], PROGRESS, ["deaf"], ["gate", str(gate)], SCORE])
    alive: list[bool] = []

    def lose(_digest: str, _step: int) -> None:
        if alive:  # the second attempt
            alive.append(Path(f"/proc/{mark.read_text().split()[0]}").exists())
            open_gate_patiently(gate)
            return
        alive.append(True)
        where = JobFilter(digests=(digest,))
        with second(database) as other:
            other.jobs.cancel(where)
            other.jobs.retry(where)

    watch = Watch(on_step=lose)
    work(database, watch, slots=2, grace=0.3)  # the other slot looks at the queue long before a heartbeat
    assert alive == [True, False]
    assert watch.how[0] == "dropped" and scores(database) == [(digest, 0.5)]


def test_a_job_without_memory_beside_others_goes_back_uncounted_and_fewer_run_at_once(
    database: Database, tmp_path: Path
) -> None:
    scripts, gates = in_a_ring(tmp_path, 2)
    *digests, large = queue(database, *scripts, [["fail", "oom"]])
    closed = list(gates)

    class OneByOne(Watch):
        def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
            super().ended(digest, how, seconds, detail)
            if how == "released":
                open_gate_patiently(closed.pop())

    watch = OneByOne()
    work(database, watch, slots=3)
    assert watch.how == ["released", "done", "released", "done", "again", "again", "failed"]
    assert [text for text in watch.said if "at once" in text] == [
        "3 jobs at once are too many for this machine: going on with 2",
        "2 jobs at once are too many for this machine: going on with 1",
    ]
    assert [outcomes(database, d) for d in digests] == [[Outcome.OK]] * 2
    assert outcomes(database, large) == [Outcome.OOM] * 3, "alone it is the job's own fault"
    assert database.results.attempts(large)[0].number == 1


def test_training_processes_that_never_start_stop_a_worker_of_several_slots(database: Database) -> None:
    digests = queue(database, [], [], [])
    program = "import sys; print('no module named torch', file=sys.stderr); sys.exit(1)"
    with pytest.raises(FtbenchError, match="does not start.*exit code 1.*no module named torch"):
        work(database, slots=2, command=(sys.executable, "-I", "-S", "-c", program))
    assert [state(database, d) for d in digests] == [State.QUEUED] * 3
    assert [outcomes(database, d) for d in digests] == [[]] * 3


def test_an_error_of_the_worker_keeps_no_job(database: Database, tmp_path: Path) -> None:
    scripts, _ = in_a_ring(tmp_path, 2)
    digests = queue(database, *scripts)
    begun = set[str]()

    def step(digest: str, _step: int) -> None:
        begun.add(digest)
        if len(begun) == 2:
            raise OSError(28, "No space left on device")

    with pytest.raises(FtbenchError, match="No space left"):
        work(database, Watch(on_step=step), slots=2)
    assert [state(database, d) for d in digests] == [State.QUEUED] * 2
    assert database.jobs.find(digests[0]).attempts == 0


def test_auto_adds_slots_as_far_as_memory_allows(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"held": 20, "free": 59, "total": 90}

    def room(slots: int, memory: Memory | None) -> int:
        assert memory == Memory(**told)
        return min(slots + 2, 3)

    monkeypatch.setattr(packing, "room", room)
    monkeypatch.setattr(packing, "SECONDS", 0.0)
    monkeypatch.setattr(packing, "MARGIN", -1.0)
    gates = [make_gate(tmp_path / f"gate{n}") for n in range(16)]
    first, last = (
        ["event", {"event": "progress", "run": "main", "step": step, "total": 9, "memory": told}]
        for step in (1, 9)
    )
    digests = queue(database, *[[first, ["gate", str(gate)], last, SCORE] for gate in gates])
    waiting: list[str] = []
    most: list[int] = []

    def step(digest: str, number: int) -> None:
        """Let jobs end only when there are as many as there are slots, or there can be no more."""
        if number > 1:
            return
        waiting.append(digest)
        slots = int(said()[-1].split()[-2]) if said() else 1
        if len(waiting) == slots or not database.jobs.counts()[State.QUEUED]:
            most.append(len(waiting))
            for each in waiting:
                open_gate_patiently(gates[digests.index(each)])
            waiting.clear()

    def said() -> list[str]:
        return [text for text in watch.said if "steps a second" in text]

    watch = Watch(on_step=step)
    assert work(database, watch, slots=None).done == 16
    assert [text.split("second; ")[1] for text in said()] == [
        "trying 2 slots",
        "trying 3 slots",
        "going on with 3 slots",
    ]
    assert max(most) == 3


def test_slots_on_a_gpu_share_it_through_the_service(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = []

    def start(self: Mps) -> str:
        self.environment = {"CUDA_MPS_PIPE_DIRECTORY": str(tmp_path / "pipe")}
        return "through a service"

    monkeypatch.setattr(Mps, "start", start)
    monkeypatch.setattr(Mps, "stop", lambda self: stopped.append(self.environment))
    scripts = [[["say", "$CUDA_MPS_PIPE_DIRECTORY"]], []]
    digests = queue(database, *scripts)
    watch = Watch()
    work(database, watch, slots=2, device="cuda:0")
    assert watch.said[0] == "through a service"
    assert str(tmp_path / "pipe") in WorkDir(database.address).log(digests[0]).read_text()
    assert stopped == [{"CUDA_MPS_PIPE_DIRECTORY": str(tmp_path / "pipe")}]


def test_more_threads_than_cores_are_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 4)
    for slots, threads, told in ((2, 2, False), (3, 2, True), (1, 8, False)):
        watch = Watch()
        work(database, watch, slots=slots, threads=threads)
        assert any(" threads, and 4 cores" in text for text in watch.said) is told


def test_ctrl_c_puts_the_jobs_of_all_slots_back(
    database: Database, drivers: list[Driver], tmp_path: Path
) -> None:
    scripts, _ = in_a_ring(tmp_path, 2)
    marks = [tmp_path / f"pid{n}" for n in range(2)]
    scripts = [[["mark", str(mark)], *script] for mark, script in zip(marks, scripts, strict=True)]
    digests = queue(database, *scripts, [])
    drivers.append(Driver(database.address, 20.0, slots=2))
    driver = drivers[-1]
    for digest in digests[:2]:
        driver.until("step", digest)
    children = [child_of(mark) for mark in marks]
    driver.process.send_signal(signal.SIGINT)
    assert driver.end() == 130
    assert all(is_over(child) for child in children)
    assert driver.said[-2:] == [["ended", "released", "back in the queue"]] * 2
    assert driver.said.count(["say", STOPPING]) == 1
    assert [state(database, d) for d in digests] == [State.QUEUED] * 3
    assert [outcomes(database, d) for d in digests] == [[]] * 3
    for digest in digests[:2]:
        assert (WorkDir(database.address).checkpoints(digest) / "checkpoint").exists()


def test_a_second_ctrl_c_waits_for_no_slot(database: Database, drivers: list[Driver], tmp_path: Path) -> None:
    scripts, _ = in_a_ring(tmp_path, 2)
    digests = queue(database, *[[["deaf"], *script] for script in scripts])
    drivers.append(Driver(database.address, 20.0, slots=2))
    driver = drivers[-1]
    for digest in digests:
        driver.until("step", digest)
    driver.process.send_signal(signal.SIGINT)
    driver.until("say", STOPPING)
    driver.process.send_signal(signal.SIGINT)
    assert driver.end() == 130
    assert [state(database, d) for d in digests] == [State.QUEUED] * 2


def test_workers_of_two_slots_killed_again_and_again_leave_one_result_for_each_job(
    database: Database, drivers: list[Driver]
) -> None:
    digests = queue(database, *[[PROGRESS, SCORE]] * 12)
    for number in range(3):
        drivers.append(Driver(database.address, 0.3, slots=2))
        for _ in range(number + 1):
            drivers[-1].until("started")
            drivers[-1].said.clear()
        os.kill(drivers[-1].process.pid, signal.SIGKILL)
        drivers[-1].process.wait()
    work(database, slots=2)
    found = {digest: outcomes(database, digest) for digest in digests}
    ended = [digest for digest in digests if found[digest] != [Outcome.LOST] * 3]  # else: no attempt is left
    assert sorted(scores(database)) == sorted((digest, 0.5) for digest in ended) and len(ended) >= 10
    assert all(found[d][-1] is Outcome.OK and found[d].count(Outcome.OK) == 1 for d in ended)
    assert sum(each.count(Outcome.LOST) for each in found.values()) <= 6
