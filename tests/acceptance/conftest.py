"""The real command line in processes of their own, on the embedded model."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.forked import COLD, Programs

DEADLINE = 600.0
GRID = ["--tasks", "toy-accept", "--train-size", "96", "--set", "epochs=3"]


class Place:
    """A folder with a database, and the commands run in it.

    Args:
        programs: what runs them; by default each starts the interpreter, as a user's does.
    """

    def __init__(self, folder: Path, programs: Programs = COLD) -> None:
        self.folder, self.programs = folder, programs
        folder.mkdir(exist_ok=True)
        self._started: list[subprocess.Popen[str]] = []
        self.env = {
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "NO_COLOR": "1",
            "COLUMNS": "160",
        }
        self.env.pop("FTBENCH_DB", None)
        self.env.pop("FTBENCH_WORK", None)

    def ftbench(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end and check its exit code."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=DEADLINE)
        assert process.returncode == code, (
            f"ftbench {' '.join(arguments)}: {process.returncode}\n{out}\n{err}"
        )
        assert "Traceback" not in err
        return out if code == 0 else err

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        process = subprocess.Popen(
            [*self.programs.ftbench, *arguments],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def keep_every_step(self) -> None:
        """Have the jobs of this folder write a checkpoint after each step."""
        self.env["FTBENCH_CHECKPOINT_SECONDS"] = "0"

    def train(self, jobs: str, events: str) -> None:
        """Do the jobs of a file, without the database."""
        command = [*self.programs.execute, "--threads", "1", "--jobs", jobs, "--events", events]
        subprocess.run(command, cwd=self.folder, env=self.env, check=True, capture_output=True)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the database as any other tool would."""
        connection = sqlite3.connect(f"file:{self.folder / 'ftbench.db'}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def digests(self) -> set[str]:
        """The jobs of the database."""
        return {digest for (digest,) in self.rows("select digest from jobs")}

    def results(self, jobs: set[str] | None = None) -> dict[str, Any]:
        """Every score and prediction of the database, or of these jobs of it, bit for bit."""
        found = {
            "scores": self.rows("select digest, evaluation, metric, value from scores"),
            "predictions": self.rows("select digest, run, evaluation, logits from predictions"),
            "curves": self.rows("select digest, run, step, name, value from curves"),
        }
        return {k: sorted(row for row in rows if jobs is None or row[0] in jobs) for k, rows in found.items()}

    def checkpoints(self) -> list[Path]:
        """The checkpoints of unfinished runs."""
        return list((self.folder / "ftbench.db.work").glob("*/*.part.pt"))

    def kill_all(self) -> None:
        """Leave nothing running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A fresh folder."""
    made = Place(tmp_path / "place")
    yield made
    made.kill_all()


@pytest.fixture
def loaded_place(tmp_path: Path, forked: Programs) -> Iterator[Place]:
    """A fresh folder, whose commands run in processes that have the libraries loaded."""
    made = Place(tmp_path / "place", forked)
    yield made
    made.kill_all()


@pytest.fixture(scope="session")
def undisturbed_bidrop(tmp_path_factory: pytest.TempPathFactory, forked: Programs) -> Place:
    """A job that is disturbed elsewhere, done by a worker that nobody disturbs."""
    made = Place(tmp_path_factory.mktemp("undisturbed") / "place", forked)
    made.ftbench("queue", "--methods", "bidrop", "--no-baseline", "--seeds", "1", *GRID)
    made.ftbench("worker", "--drain", "--threads", "1")
    assert made.rows("select state, count(*) from jobs group by state") == [("done", 1)]
    return made


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, forked: Programs) -> Place:
    """The jobs that are disturbed elsewhere, done one by one by a worker that nobody disturbs."""
    made = Place(tmp_path_factory.mktemp("undisturbed") / "place", forked)
    made.ftbench("queue", "--methods", "vanilla", "--seeds", "3", *GRID)
    made.ftbench("queue", "--methods", "bidrop", "--seeds", "1", *GRID)
    made.ftbench("worker", "--drain", "--threads", "1")
    assert made.rows("select state, count(*) from jobs group by state") == [("done", 4)]
    return made


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    tick, end = threading.Event(), time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        tick.wait(0.01)


def children_of(pid: int) -> list[int]:
    """The processes that a process started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in listed.stdout.split()]


def kill(pid: int) -> None:
    """SIGKILL: no chance to clean up."""
    os.kill(pid, signal.SIGKILL)


def loads(text: str) -> Any:
    """JSON of a command's output."""
    return json.loads(text)
