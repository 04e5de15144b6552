"""The watch over this host's workers: restarts, pauses, ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench.db import Database
from ftbench.domain.launch import Allocation, Launch, LaunchState, Standing
from ftbench.services.launching import care
from ftbench.services.launching.local import Local
from ftbench.services.launching.watch import LocalWatch

ID = "0a1b2c3d"
PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(care, "PAUSES", (0.01,))


def watched(database: Database, tmp_path: Path, *posts: tuple[str, ...]) -> tuple[LocalWatch, list[str]]:
    engine, launch, said = Local(tmp_path / "launch"), Launch(ID, "local", len(posts)), list[str]()
    care.begun(database, engine, launch, whole=True)
    named = [(f"GPU {at}", told) for at, told in enumerate(posts)]
    environment = {"FTBENCH_DB": database.address, "PYTHONPATH": os.getcwd()}
    return (
        LocalWatch(database, engine, launch, named, said.append, program=PROGRAM, environment=environment),
        said,
    )


def rows(database: Database) -> list[Allocation]:
    return list(database.launches.find(ID).allocations)


def state(database: Database) -> LaunchState:
    return database.launches.find(ID).launch.state


def when(holds: Callable[[], bool], then: Callable[[], None]) -> threading.Thread:
    """Do something once something holds, beside the watch."""

    def wait() -> None:
        end = time.monotonic() + 30
        while not holds() and time.monotonic() < end:
            time.sleep(0.01)
        then()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_it_ends_when_all_workers_have_ended_in_order(database: Database, tmp_path: Path) -> None:
    watching, said = watched(database, tmp_path, ("well",), ("well",))
    assert watching.run() == 0
    assert [one.state for one in rows(database)] == [Standing.ENDED] * 2
    assert sorted(text.split(": ", 1)[1].split(",")[0] for text in said) == [
        *("ended: nothing to do",) * 2,
        *("started",) * 2,
    ]
    assert state(database) is LaunchState.STOPPED


@pytest.mark.slow
def test_a_worker_that_dies_is_started_again(database: Database, tmp_path: Path) -> None:
    watching, said = watched(database, tmp_path, ("once", str(tmp_path)))
    assert watching.run() == 0
    (row,) = rows(database)
    assert (row.state, row.restarts, row.early) == (Standing.ENDED, 1, 0)
    assert said[1] == "worker 0 on GPU 0: the machine is broken; starting another in 0.01 s"


MUTE = "died by exit code 1; its log ends with: no such library"
DEATHS = [("mute", MUTE), pytest.param("fail", "the machine is broken", marks=pytest.mark.slow)]


@pytest.mark.parametrize(("how", "why"), DEATHS)
def test_three_deaths_within_a_minute_end_it(database: Database, tmp_path: Path, how: str, why: str) -> None:
    watching, said = watched(database, tmp_path, (how,))
    assert watching.run() == 1
    assert state(database) is LaunchState.PAUSED
    assert rows(database)[0].early == 3
    assert said[-1].startswith("no worker is started any more: 3 starts died within a minute")
    assert said[-1].endswith(why)


@pytest.mark.slow
def test_the_others_go_on_when_one_is_not_started_any_more(database: Database, tmp_path: Path) -> None:
    watching, _ = watched(database, tmp_path, ("fail",), ("wait",))
    helper = when(
        lambda: state(database) is LaunchState.PAUSED and rows(database)[1].state is Standing.RUNNING,
        lambda: os.kill(os.getpid(), signal.SIGTERM),
    )
    assert watching.run() == 143
    helper.join()
    assert rows(database)[1].reason == "stopped by SIGTERM"


TOLD = [signal.SIGTERM, *(pytest.param(n, marks=pytest.mark.slow) for n in (signal.SIGINT, signal.SIGHUP))]


@pytest.mark.parametrize("number", TOLD)
def test_a_signal_is_passed_on_and_the_workers_end_in_order(
    database: Database, tmp_path: Path, number: signal.Signals
) -> None:
    watching, said = watched(database, tmp_path, ("wait",), ("wait",))
    helper = when(
        lambda: all(one.state is Standing.RUNNING for one in rows(database)),
        lambda: os.kill(os.getpid(), number),
    )
    assert watching.run() == 128 + number
    helper.join()
    assert [one.reason for one in rows(database)] == [f"stopped by {number.name}"] * 2
    assert said[2] == "stopping: the workers write checkpoints first (once more to stop at once)"


@pytest.mark.slow
def test_a_worker_that_is_killed_is_written_down_and_started_again(
    database: Database, tmp_path: Path
) -> None:
    watching, said = watched(database, tmp_path, ("wait",))

    def kill() -> None:
        os.kill(int(said[0].rpartition(" ")[2]), signal.SIGKILL)
        when(lambda: rows(database)[0].restarts == 1, lambda: os.kill(os.getpid(), signal.SIGINT)).join()

    helper = when(lambda: rows(database)[0].state is Standing.RUNNING, kill)
    assert watching.run() == 130
    helper.join()
    assert "worker 0 on GPU 0: died by SIGKILL; starting another in 0.01 s" in said


def test_a_launch_that_is_stopped_elsewhere_ends(database: Database, tmp_path: Path) -> None:
    watching, said = watched(database, tmp_path, ("wait",))

    def stop() -> None:
        database.launches.set_state(ID, LaunchState.STOPPED, "stopped by hand")
        os.kill(int(said[0].rpartition(" ")[2]), signal.SIGTERM)

    helper = when(lambda: rows(database)[0].state is Standing.RUNNING, stop)
    assert watching.run() == 0
    helper.join()
    assert rows(database)[0].state is Standing.STOPPED
