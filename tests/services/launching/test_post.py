"""A worker's post: what becomes of it, and whether there is to be another."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ftbench.db import Database, Launched, create_database, open_database
from ftbench.domain.launch import Allocation, Launch, LaunchState, Standing
from ftbench.errors import DatabaseError
from ftbench.services.launching import care, post
from ftbench.services.launching.post import Order, Post
from tests.services.launching.fake_engine import FakeEngine

ID = "0a1b2c3d"
WORKER = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))
PYTHON = (sys.executable, "-c")


@pytest.fixture(autouse=True)
def _importable_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    monkeypatch.setattr(care, "PAUSES", (0.0,))


@pytest.fixture
def address(tmp_path: Path, engine: FakeEngine) -> str:
    """Of a database with a launch, which nobody else in this process has open, as it is on a node."""
    address = str(tmp_path / "ftbench.db")
    with create_database(address) as database:
        care.begun(database, engine, Launch(ID, "fake", 1), whole=True)
    return address


def posted(
    address: str, engine: FakeEngine, how: str, *, cpu: bool = False, program: Sequence[str] = WORKER
) -> Post:
    return Post(Order(ID, 0, "e0", address, (how,), cpu), engine, "node-a", program=program)


def found(address: str) -> Launched:
    with open_database(address) as database:
        return database.launches.find(ID)


def row(address: str) -> Allocation:
    return found(address).allocations[0]


def test_a_worker_that_ends_in_order_needs_no_other(address: str, engine: FakeEngine) -> None:
    assert not posted(address, engine, "well").ended()
    assert (row(address).state, row(address).node) == (Standing.ENDED, "node-a")
    assert row(address).worker == f"{ID}-0"


def test_a_worker_that_met_an_error_is_started_again(address: str, engine: FakeEngine) -> None:
    assert posted(address, engine, "fail").ended()
    told = "the machine is broken; starts again"
    assert (row(address).state, row(address).reason) == (Standing.PENDING, told)


def test_three_that_die_before_they_can_say_so_pause_the_launch(address: str, engine: FakeEngine) -> None:
    assert posted(address, engine, "mute").ended()
    told = "died by exit code 1; its log ends with: no such library"
    assert (row(address).state, row(address).node) == (Standing.PENDING, "node-a")
    assert row(address).reason == f"{told}; starts again"
    assert posted(address, engine, "mute").ended()
    assert not posted(address, engine, "mute").ended()
    launch = found(address).launch
    assert (launch.state, row(address).state, row(address).early) == (LaunchState.PAUSED, Standing.FAILED, 3)
    assert launch.reason == f"3 starts died within a minute, the last on node-a: {told}"


def test_a_worker_that_is_stopped_ends_in_order_and_no_other_follows(
    address: str, engine: FakeEngine
) -> None:
    made = posted(address, engine, "wait")
    end = time.monotonic() + 30
    while row(address).state is not Standing.RUNNING and time.monotonic() < end:
        time.sleep(0.01)
    made.stop()
    assert not made.ended()
    assert (row(address).state, row(address).reason) == (Standing.ENDED, "stopped by SIGTERM")
    made.stop()  # it is gone


def test_a_launch_that_was_stopped_before_its_worker_could_begin_stays_so(
    address: str, engine: FakeEngine
) -> None:
    made = posted(address, engine, "mute")
    with open_database(address) as database:
        care.stopped(database, engine, database.launches.find(ID))
    assert not made.ended()
    assert row(address).state is Standing.STOPPED


def test_without_a_word_of_the_database_the_exit_code_counts(
    address: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(address: str) -> Database:
        raise DatabaseError("it does not answer")

    monkeypatch.setattr(post, "open_database", away)
    assert posted(address, engine, "raise SystemExit(1)", program=PYTHON).ended()
    assert not posted(address, engine, "pass", program=PYTHON).ended()


def test_a_worker_of_the_cpu_sees_no_gpu(
    address: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    for cpu, seen in ((False, "3"), (True, "")):
        show = "import os; print([os.environ['CUDA_VISIBLE_DEVICES'], os.environ['FTBENCH_NODE']])"
        posted(address, engine, show, cpu=cpu, program=PYTHON).ended()
        assert engine.last_line(row(address)) == f"['{seen}', 'node-a']"
