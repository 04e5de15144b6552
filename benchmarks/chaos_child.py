"""A training process that trains nothing, for ``benchmarks.chaos``: it counts, checkpoints, and can resume.

Its score is a sum over all steps, so that a step that is left out or done twice shows.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STEPS, EVERY = 24, 4
SECONDS = "FTBENCH_CHAOS_STEP"  # the variable with the seconds of a step
ACCIDENT = "accident"  # the file, beside the database, that names what is to happen to who finds it first
ACCIDENTS = ("out of memory", "error of the machine", "garbage", "crash", "no more events", "flood of prints")


def part(digest: str, step: int) -> float:
    """What a step adds to the score."""
    return int(hashlib.sha256(f"{digest} {step}".encode()).hexdigest()[:6], 16) / 2**24 / STEPS


def score(digest: str) -> float:
    """The score of a job that nobody disturbs."""
    total = 0.0
    for step in range(STEPS):
        total += part(digest, step)
    return total


def save(path: Path, step: int, total: float) -> None:
    """Write a checkpoint whole or not at all, with a digest inside."""
    state = json.dumps([step, total])
    whole = path.with_suffix(".part")
    with contextlib.suppress(FileNotFoundError):  # the folder goes when somebody else ends the job
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(f"{hashlib.sha256(state.encode()).hexdigest()} {state}")
        os.replace(whole, path)


def load(folders: list[str]) -> tuple[int, float]:
    """The farthest sound checkpoint."""
    found = [(0, 0.0)]
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):
            digest, _, state = (Path(folder) / "main.part.pt").read_text().partition(" ")
            if hashlib.sha256(state.encode()).hexdigest() == digest:
                step, total = json.loads(state)
                found.append((step, total))
    return max(found)


class Child:
    """Takes commands and sends events."""

    def __init__(self, events: int) -> None:
        """Listen to SIGTERM."""
        self._events, self._asked = events, False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _stop(self, *_: object) -> None:
        self._asked = True

    def send(self, **event: Any) -> None:
        """Write one event."""
        os.write(self._events, json.dumps(event).encode() + b"\n")

    def suffer(self, digest: str) -> bool:
        """Let an accident happen, if one is due; whether the job has ended by it."""
        place = Path(ACCIDENT)
        taken = Path(f"{ACCIDENT}.{os.getpid()}")
        try:
            what = place.rename(taken).read_text()
            taken.unlink()
        except OSError:  # none, or another process was faster
            return False
        if what == "crash":
            os.abort()
        if what == "no more events":
            os.close(self._events)
            time.sleep(3600)
        if what == "garbage":
            os.write(self._events, b"what is this\n")
            time.sleep(3600)
        if what == "flood of prints":
            for _ in range(20):
                print("x" * 1_000_000, flush=True)
            return False
        outcome = "oom" if what == "out of memory" else "environment"
        self.send(event="failed", digest=digest, outcome=outcome, message=what, traceback="")
        return True

    def run(self, command: dict[str, Any]) -> None:
        """Do one job."""
        self._asked, digest = False, command["digest"]
        self.send(event="started", digest=digest)
        path = Path(command["workdir"]) / "main.part.pt"
        first, total = load([command["workdir"], *command["earlier"]])
        for step in range(first, STEPS):
            time.sleep(float(os.environ[SECONDS]))
            if self.suffer(digest):
                return
            total += part(digest, step)
            self.send(event="progress", digest=digest, run="main", step=step + 1, total=STEPS)
            stop = self._asked or bool(select.select([0], [], [], 0)[0])
            if stop or step % EVERY == 0:
                save(path, step + 1, total)
            if stop and step + 1 < STEPS:
                self.send(event="stopped", digest=digest)
                return
        self.send(event="score", digest=digest, evaluation="dev", metric="accuracy", value=total)
        self.send(event="done", digest=digest)


def commands() -> Iterator[dict[str, Any]]:
    """Commands as they come."""
    waiting = b""
    while chunk := os.read(0, 1 << 16):
        *lines, waiting = (waiting + chunk).split(b"\n")
        yield from map(json.loads, lines)


def main() -> None:
    """Work until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events-fd", type=int, required=True)
    child = Child(parser.parse_args().events_fd)
    child.send(event="ready", pid=os.getpid())
    for command in commands():
        child.run(command)


if __name__ == "__main__":
    sys.exit(main())
