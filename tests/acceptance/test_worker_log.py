"""After workers were killed, stopped and stalled, their logs tell why a job moved."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.services.worker
from ftbench.db import create_database
from tests.services.worker.helpers import LIMIT, PROGRESS, SCORE, make_gate, queue
from tests.services.worker.processes import open_gate_patiently

FTBENCH = Path(tests.services.worker.__file__).with_name("fake_ftbench.py")  # trains nothing


class Worker:
    """A worker with ``-v``, whose log is read as it comes."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        command = [sys.executable, str(FTBENCH), "worker", "--name", name, "--threads", "1", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.folder, self.name, self.said = folder, name, ""

    def until(self, event: str) -> str:
        """Read on until an event is told; what else is in its line."""
        assert self.process.stderr is not None
        end = time.monotonic() + LIMIT
        line = re.compile(rf"^\S+ [A-Z]+ {self.name} {event}\b(.*)\n", re.MULTILINE)
        while (found := line.search(self.said)) is None:
            assert select.select([self.process.stderr], [], [], end - time.monotonic())[0], self.said
            data = os.read(self.process.stderr.fileno(), 1 << 16)
            assert data, self.said
            self.said += data.decode()
        self.said = self.said[found.end() :]
        return found[1]

    def ask(self, *arguments: str) -> str:
        """What another command says in the same folder."""
        command = [sys.executable, str(FTBENCH), *arguments]
        return subprocess.check_output(command, cwd=self.folder, text=True, timeout=LIMIT)

    def end(self) -> tuple[int, str]:
        """Wait for the end: the exit code, and what it printed on standard output."""
        out, _ = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, out.decode()


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.process.kill()
        worker.process.communicate()


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FTBENCH_DB", "FTBENCH_WORK", "FTBENCH_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "60")


def log(folder: Path) -> str:
    """What all workers have written, in the order of time."""
    found = [path.read_text() for path in (folder / "ftbench.db.work" / "workers").iterdir()]
    return "\n".join(sorted("".join(found).splitlines()))


@pytest.mark.slow
def test_the_logs_tell_why_a_job_went_from_worker_to_worker(tmp_path: Path, workers: list[Worker]) -> None:
    gate = make_gate(tmp_path / "gate")
    with create_database(str(tmp_path / "ftbench.db")) as database:
        (digest,) = queue(database, [["gate", str(gate)], ["fail", "user"]])
    first = Worker(tmp_path, "first", "-v", "--lease", "2")
    workers.append(first)
    os.kill(int(first.until("training").split("child=")[1]), signal.SIGKILL)
    first.until("training")
    first.process.send_signal(signal.SIGSTOP)  # no heartbeat any more
    second = Worker(tmp_path, "second", "-v", "--lease", "60")
    workers.append(second)
    second.until("training")
    first.process.send_signal(signal.SIGCONT)
    first.until("idle")
    first.process.send_signal(signal.SIGTERM)
    assert first.end()[0] == 143
    second.process.send_signal(signal.SIGTERM)
    assert second.end()[0] == 143
    third = Worker(tmp_path, "third", "-v", "--drain")
    workers.append(third)
    third.until("training")
    open_gate_patiently(gate)
    assert third.end()[0] == 1

    job = f"job={digest[:12]} attempt="
    expected = [
        rf"first claimed {job}1 method=bidrop task=toy seed=0",
        rf'first child-died {job}1 child=\d+ reason="[^"]*SIGKILL',
        rf"first queued-again {job}1 outcome=lost reason=",
        rf"first claimed {job}2 ",
        rf'second taken-back job={digest[:12]} owner=first state=queued reason="the worker sent no heart',
        rf"second claimed {job}3 ",
        rf"first lease-lost {job}2 ",
        rf"first stopping {job}2 child=\d+ reason=.the job is no longer this worker's.",
        rf'first dropped {job}2 reason="the lease was lost[^"]*" state=running owner=second',
        r"first signal signal=SIGTERM",
        r"second signal signal=SIGTERM",
        rf'second stopping {job}3 child=\d+ reason="a signal to the worker"',
        rf'second released {job}3 reason="a signal to the worker"',
        rf"third claimed {job}3 ",
        rf'third failed {job}3 outcome=user reason="no good"',
        r"third ended attempts=1 done=0 failed=1",
    ]
    told, at = log(tmp_path), 0
    for pattern in expected:
        found = re.compile(rf"Z [A-Z]+ {pattern}").search(told, at)
        assert found, f"{pattern} is not told, or too early:\n{told}"
        at = found.end()
    shown = workers[0].ask("logs", digest[:8], "--workers")
    assert shown == "".join(f"{line}\n" for line in told.splitlines() if f" job={digest[:12]} " in line)


def test_without_v_the_terminal_shows_what_it_always_did(tmp_path: Path, workers: list[Worker]) -> None:
    with create_database(str(tmp_path / "ftbench.db")) as database:
        queue(database, [PROGRESS, SCORE])
    workers.append(Worker(tmp_path, "quiet", "--drain"))
    out, err = workers[0].process.communicate(timeout=LIMIT)
    lines = re.sub(r"\d+\.\d s", "0.0 s", out.decode())
    assert re.sub(r"[0-9a-f]{8}", "JOB", lines) == (
        "done      JOB  bidrop toy seed 0  0.0 s  (1 done, 0 left)\nthe queue is empty\n"
    )
    assert err == b"" and "quiet finished" in log(tmp_path)


def test_v_prints_on_standard_error_what_the_file_says_and_nothing_else(
    tmp_path: Path, workers: list[Worker]
) -> None:
    with create_database(str(tmp_path / "ftbench.db")) as database:
        queue(database, [PROGRESS, SCORE], [["fail", "user"]])
    workers.append(Worker(tmp_path, "loud", "--drain", "-v"))
    out, err = workers[0].process.communicate(timeout=LIMIT)
    assert err.decode() == log(tmp_path) + "\n"
    assert len(out.splitlines()) == 3 and b"claimed" not in out


def test_on_a_terminal_each_line_of_the_log_stands_whole_above_the_live_line(tmp_path: Path) -> None:
    with create_database(str(tmp_path / "ftbench.db")) as database:
        queue(database, [PROGRESS, SCORE])
    command = [sys.executable, str(FTBENCH), "worker", "--drain", "-v", "--name", "seen", "--threads", "1"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 1 << 16):
            shown += data
    except OSError:  # the other end is closed
        pass
    assert process.wait(LIMIT) == 0
    os.close(ours)
    drawn = [
        re.split(r"\x1b\[2K|\x1b\[\?25l|\r", line.rstrip("\r"))[-1] for line in shown.decode().split("\n")
    ]
    lines = [line for line in drawn if " seen " in line]
    assert "\n".join(lines) == log(tmp_path)


def test_two_workers_of_one_name_in_one_folder_write_a_log_each(
    tmp_path: Path, workers: list[Worker]
) -> None:
    gates = [make_gate(tmp_path / f"gate{n}") for n in range(2)]
    with create_database(str(tmp_path / "ftbench.db")) as database:
        queue(database, *[[["gate", str(gate)], SCORE] for gate in gates])
    for _ in gates:
        workers.append(Worker(tmp_path, "twin", "--drain", "-v"))
        workers[-1].until("training")
    for gate in gates:
        open_gate_patiently(gate)
    assert [worker.end()[0] for worker in workers] == [0, 0]
    files = sorted((tmp_path / "ftbench.db.work" / "workers").iterdir())
    assert {path.name for path in files} == {f"twin-{worker.process.pid}.log" for worker in workers}
    assert [path.read_text().count(" finished ") for path in files] == [1, 1]
