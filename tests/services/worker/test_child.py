"""The training process as the worker sees it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftbench.errors import ProtocolError
from ftbench.services.worker.child import Child, obituary, wait

FAKE = [sys.executable, "-I", "-S", str(Path(__file__).with_name("fake_child.py"))]
LIMIT = 20.0


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "job.log"


@pytest.fixture
def child(log: Path) -> Iterator[Child]:
    child = Child(log, command=FAKE)
    yield child
    child.close()


def python(log: Path, program: str) -> Child:
    return Child(log, command=[sys.executable, "-I", "-S", "-c", program])


def command(log: Path, *script: list[Any], digest: str = "d1") -> dict[str, Any]:
    places = {"script": list(script)}
    return {"op": "run", "digest": digest, "places": places, "log": str(log), "workdir": str(log.parent)}


def events_until(child: Child, *last: str) -> list[dict[str, Any]]:
    """All events up to the first of the given kinds; fails where the process ends before."""
    found: list[dict[str, Any]] = []
    end = time.monotonic() + LIMIT
    while not (found and found[-1]["event"] in last):
        assert time.monotonic() < end, found
        wait([child], [], LIMIT)
        code = child.poll()
        found += child.receive(everything=code is not None)
        assert code is None or (found and found[-1]["event"] in last), (code, found)
    return found


def test_child_says_that_it_is_ready(child: Child) -> None:
    (event,) = events_until(child, "ready")
    assert event["pid"] == child.pid


def test_child_lives_from_job_to_job(child: Child, log: Path) -> None:
    for digest in ("d1", "d2", "d3"):
        child.send(command(log, ["score", 0.25], digest=digest))
        events = events_until(child, "done")
        assert [e["event"] for e in events][-3:] == ["started", "score", "done"]
        assert events[-1]["digest"] == digest
    assert child.poll() is None


def test_what_libraries_print_goes_to_the_log_and_not_among_the_events(child: Child, log: Path) -> None:
    child.send(command(log, ["say", '{"event": "done"}'], ["score", 1.0]))
    assert [e["event"] for e in events_until(child, "done")] == ["ready", "started", "score", "done"]
    assert '{"event": "done"}' in log.read_text()


def test_an_event_longer_than_the_pipe_arrives_whole(child: Child, log: Path) -> None:
    text = "x" * 3_000_000
    child.send(command(log, ["event", {"event": "provenance", "values": {"text": text}}]))
    (event,) = [e for e in events_until(child, "done") if e["event"] == "provenance"]
    assert event["values"]["text"] == text


def test_stop_ends_the_job_and_not_the_child(child: Child, log: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    child.send(command(log, ["event", {"event": "progress"}], ["gate", str(gate)]))
    events_until(child, "progress")
    child.stop()
    assert events_until(child, "stopped")
    child.send(command(log, ["score", 1.0], digest="d2"))
    assert events_until(child, "done")[-1]["digest"] == "d2"


def test_closing_ends_an_idle_child_in_peace(log: Path) -> None:
    child = Child(log, command=FAKE)
    events_until(child, "ready")
    assert child.close() == 0
    assert not child.killed
    assert child.close() == 0  # again is no error


def test_closing_kills_a_child_that_does_not_listen(log: Path) -> None:
    child = python(log, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()")
    assert child.close(grace=0.05) == -signal.SIGKILL
    assert child.killed


def test_killing_takes_the_childs_own_children_along(log: Path, tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "reading, writing = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    signal.pause()\n"
        "events = int(sys.argv[2])\n"
        'os.write(events, b\'{"event": "ready"}\\n\')\n'
        "signal.pause()\n"
    )
    child = python(log, program)
    events_until(child, "ready")
    child.kill()
    assert child.join(LIMIT) == -signal.SIGKILL
    # the grandchild held the pipe too: its end is seen only when that one is gone
    end = time.monotonic() + LIMIT
    while not child.silent and time.monotonic() < end:
        select.select([child.filenos()[0]], [], [], LIMIT)
        child.receive(everything=True)
    assert child.silent
    child.close()


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import sys; sys.exit(3)", 3),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ],
)
def test_death_is_seen_at_once(log: Path, program: str, code: int) -> None:
    child = python(log, program)
    assert child.join(LIMIT) == code
    assert child.receive(everything=True) == []
    child.send({"op": "run"})  # nobody reads it, and that is no error
    assert child.close() == code


def test_what_was_sent_before_a_death_is_read(child: Child, log: Path) -> None:
    child.send(command(log, ["score", 0.5], ["exit", 7]))
    assert child.join(LIMIT) == 7
    assert [e["event"] for e in child.receive(everything=True)] == ["ready", "started", "score"]


@pytest.mark.parametrize(
    "line", ["nonsense\n", "[1]\n", '{"no": 1}\n', '{"event": 3}\n', "\n", "[" * 10**5 + "\n"]
)
def test_a_line_that_is_no_event_is_refused(child: Child, log: Path, line: str) -> None:
    events_until(child, "ready")
    child.send(command(log, ["line", line]))
    with pytest.raises(ProtocolError, match="not an event"):
        events_until(child, "done")


def test_a_program_that_cannot_be_started_is_an_error_of_the_system(log: Path, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        Child(log, command=[str(tmp_path / "nothing")])
    with pytest.raises(OSError):
        Child(tmp_path / "no" / "folder.log", command=FAKE)
    assert len(os.listdir("/proc/self/fd")) == before


def test_no_descriptor_stays_open_after_closing(log: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    Child(log, command=FAKE).close()
    assert len(os.listdir("/proc/self/fd")) == before


PARENT = """
import sys
from pathlib import Path
from ftbench.services.worker.child import Child
child = Child(Path(sys.argv[1]), command=[sys.executable, "-I", "-S", "-c", sys.argv[2]])
print(child.pid, flush=True)
input()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_a_child_that_hangs_dies_with_its_worker(log: Path) -> None:
    hangs = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 30)); signal.pause()"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(log), hangs],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin is not None and parent.stdout is not None
    pidfd = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.wait(LIMIT)
    readable, _, _ = select.select([pidfd], [], [], LIMIT)
    assert readable, "the child went on without its worker"
    for stream in (parent.stdin, parent.stdout):
        stream.close()
    os.close(pidfd)


def test_obituary_names_signal_or_exit_code() -> None:
    assert "exit code 3" in obituary(3)
    assert "SIGSEGV" in obituary(-signal.SIGSEGV)
    assert "SIGKILL" in obituary(-9) and "out-of-memory" in obituary(-9)
    assert "signal 99" in obituary(-99)


@pytest.mark.parametrize(("asked", "spins"), [(None, "1000"), ("active", "None")])
def test_its_threads_spin_a_little_unless_the_user_says_how_they_wait(
    log: Path, monkeypatch: pytest.MonkeyPatch, asked: str | None, spins: str
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if asked:
        monkeypatch.setenv("OMP_WAIT_POLICY", asked)
    child = python(log, "import os; print(os.environ.get('GOMP_SPINCOUNT'))")
    wait([child], [], LIMIT)
    child.close()
    assert log.read_text(encoding="utf-8").split() == [spins]


def test_a_training_process_knows_of_no_database(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTBENCH_DB", "postgresql://ann:geheim@h/runs")
    monkeypatch.setenv("PGPASSWORD", "geheim")
    child = python(log, "import os; print('geheim' in str(os.environ), open('/proc/self/environ').read())")
    child.close(LIMIT)
    assert "geheim" not in log.read_text() and log.read_text().startswith("False")
