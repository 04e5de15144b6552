"""A queue of jobs for the fake training process, and a worker that can be watched."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ftbench.db import Database, Entry, JobFilter, create_database
from ftbench.domain.job import Job
from ftbench.domain.result import CurvePoint, State
from ftbench.services.worker.options import Options
from ftbench.services.worker.workdir import WorkDir
from ftbench.services.worker.worker import Tally, Worker

FAKE = (sys.executable, "-I", "-S", str(Path(__file__).with_name("fake_child.py")))
LIMIT = 20.0
PROGRESS = ["event", {"event": "progress", "run": "main", "step": 1, "total": 2}]
SCORE = ["score", 0.5]
MODEL, DATA, DISK = (["fail", "environment", lack] for lack in ("model", "data", "disk"))
ODD = ["fail", "environment"]


def job(seed: int) -> Job:
    return Job("tiny", "r1", "toy", "r1", ("dev",), "bidrop", {"k": 2}, seed)


def queue(database: Database, *scripts: list[Any]) -> list[str]:
    """Queue one job for each script; their digests."""
    entries = [
        Entry(job(seed), "bidrop", places={"script": script} if script else {})
        for seed, script in enumerate(scripts)
    ]
    assert database.jobs.add(entries).added == len(scripts)
    return [entry.job.digest for entry in entries]


def add(database: Database, *jobs: tuple[str, str, list[Any]]) -> list[str]:
    """Queue jobs of a model and a task with a script each; their digests."""
    entries = [
        Entry(
            Job(model, "sha256:m", task, "sha256:d", ("dev",), "bidrop", {}, seed),
            "bidrop",
            places={"script": [script]},
        )
        for seed, (model, task, script) in enumerate(jobs)
    ]
    database.jobs.add(entries)
    return [entry.job.digest for entry in entries]


def state(database: Database, digest: str) -> State:
    return database.jobs.find(digest).state


def checkpointed(folder: WorkDir, digest: str) -> bool:
    """Whether any attempt at a job has written a checkpoint."""
    return any((attempt / "checkpoint").exists() for attempt in folder.earlier(digest))


def scores(database: Database) -> list[tuple[str, float]]:
    return [(row.digest, row.value) for row in database.results.scores(JobFilter())]


class Watch:
    """A display that keeps what it is told, and calls back."""

    interval: float | None = None

    def __init__(
        self,
        *,
        on_step: Callable[[str, int], None] | None = None,
        on_say: Callable[[str], None] | None = None,
        on_start: Callable[[str], None] | None = None,
    ) -> None:
        self.said: list[str] = []
        self.how: list[str] = []
        self.details: list[str] = []
        self.logged: list[CurvePoint] = []
        self.counts: Mapping[State, int] = {}
        self.closed = False
        self._on_step, self._on_say, self._on_start = on_step, on_say, on_start

    def say(self, text: str) -> None:
        self.said.append(text)
        if self._on_say is not None:
            self._on_say(text)

    def counted(self, counts: Mapping[State, int]) -> None:
        self.counts = counts

    def started(self, digest: str, words: str) -> None:
        if self._on_start is not None:
            self._on_start(digest)

    def step(self, digest: str, run: str, step: int, total: int) -> None:
        if self._on_step is not None:
            self._on_step(digest, step)

    def points(self, digest: str, points: Sequence[CurvePoint]) -> None:
        self.logged += points

    def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
        self.how.append(how)
        self.details.append(detail)

    def tick(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def work(database: Database, watch: Watch | None = None, **options: Any) -> Tally:
    """Drain the queue with a worker in this process."""
    given = {"name": "w", "drain": True, "command": FAKE, "lease": 20.0, **options}
    return Worker(database, Options(**given), watch or Watch()).run()


def make_gate(path: Path) -> Path:
    """A named pipe at which the fake training process waits."""
    os.mkfifo(path)
    return path


def open_gate(path: Path) -> None:
    """Let the one who waits at the gate go on."""
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


def second(database: Database) -> Database:
    """The same database as another process would open it."""
    return create_database(database.address)
