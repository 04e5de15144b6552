"""A tracker's process from the worker's end: it may hang, die and complain, and costs the worker no time."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ftbench.services.exchange import sender as module
from ftbench.services.exchange.sender import TrackerSender, close_senders

FAKE = (sys.executable, "-I", "-S", str(Path(__file__).with_name("fake_tracker.py")))
Start = Callable[[str], TrackerSender]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def start(said: list[str]) -> Iterator[Start]:
    started: list[TrackerSender] = []

    def make(what: str) -> TrackerSender:
        started.append(TrackerSender(what, said.append, "ftbench export --track x", FAKE))
        return started[-1]

    yield make
    for one in started:
        one.let_go()


def end(digest: str, how: str = "done") -> dict[str, Any]:
    return {"op": "end", "job": {"digest": digest}, "how": how}


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_every_message_arrives_and_nothing_is_said(start: Start, said: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    one = start(f"keep {kept}")
    told = [{"op": "points", "digest": "a", "points": [["main", n, "loss", 0.5]] * 200} for n in range(100)]
    for message in (*told, end("a"), end("b", "failed")):
        one.put(message)
    close_senders([one])
    assert [json.loads(line) for line in kept.read_text().splitlines()] == [
        *told,
        end("a"),
        end("b", "failed"),
    ]
    assert said == []


def test_a_process_that_hangs_takes_no_time_and_no_memory_without_bound(
    start: Start, said: list[str]
) -> None:
    one = start("hang")
    message = {"op": "points", "digest": "a", "points": [["main", 1, "loss", 0.5]] * 1000}
    began, slowest = time.monotonic(), 0.0
    for _ in range(200):
        before = time.monotonic()
        one.put(message)
        slowest = max(slowest, time.monotonic() - before)
    one.put(end("a"))
    assert time.monotonic() - began < 20 and slowest < 5
    assert len(one._unsent) < module.MOST + 1000
    assert one._unsent.endswith(json.dumps(end("a")).encode() + b"\n"), "an end is kept where points are not"
    began = time.monotonic()
    close_senders([one], seconds=0.2)
    assert time.monotonic() - began < 10
    assert said == ["tracker hang: 1 done job was not sent whole; send them with: ftbench export --track x"]


def test_what_ends_at_once_is_said_once(start: Start, said: list[str]) -> None:
    one = start("die 3")
    until(lambda: one._process.poll() is not None)
    for number in range(3):
        one.put(end(str(number)))
    close_senders([one])
    assert said == [
        "tracker die 3: its process has ended with exit code 3: nothing more is sent to it; the jobs go on",
        "tracker die 3: 3 done jobs were not sent whole; send them with: ftbench export --track x",
    ]


def test_what_a_tracker_says_is_passed_on_once(start: Start, said: list[str]) -> None:
    one = start("say no server")
    for number in range(5):
        one.put(end(str(number), "failed"))
    close_senders([one])
    assert said == ["tracker say no server: no server; the jobs go on"]


def test_a_process_that_does_not_end_is_ended(start: Start, said: list[str]) -> None:
    one, other = start("deaf"), start("deaf")
    one.put(end("a"))
    began = time.monotonic()
    close_senders([one, other], seconds=0.3)
    assert time.monotonic() - began < 10, "both side by side"
    assert one._process.poll() is not None and other._process.poll() is not None
    assert len(said) == 1


def test_its_process_gets_neither_address_nor_password_of_the_database(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTBENCH_DB", "postgresql://me:hunter22@host/x")
    monkeypatch.setenv("PGPASSWORD", "hunter22")
    one = start("deaf")
    if os.path.exists(f"/proc/{one._process.pid}/environ"):
        held = Path(f"/proc/{one._process.pid}/environ").read_bytes()
        assert b"hunter22" not in held and b"FTBENCH_DB" not in held
