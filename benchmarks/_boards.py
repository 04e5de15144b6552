"""What the measurement of the board works on: a database, a server, and pages that are open."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ftbench.db import Database, Entry, Lease
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import CurvePoint, JobResult, Outcome, Score
from ftbench.services.worker.workdir import WorkDir

RUNNING = 8
METHODS = [f"method{number}" for number in range(20)]
TASKS = [f"task{number}" for number in range(10)]
RESULT = JobResult(
    scores=(Score("dev", "accuracy", 0.5),),
    curves=tuple(CurvePoint("main", 10 * at, "loss", 1 / at) for at in range(1, 51)),
    provenance={"torch": "2", "wall_seconds": 60.0},
)


def entries(jobs: int) -> Iterator[Entry]:
    """A grid: 20 methods, 10 tasks, clean and noisy, and as many seeds as it takes."""
    for number in range(jobs):
        method = METHODS[number % 20]
        change = Perturbation.of({"noise": 0.1} if number // 200 % 2 else {})
        job = Job(
            "tiny",
            "sha256:m",
            TASKS[number // 20 % 10],
            "rows-1",
            ("dev",),
            method,
            {},
            number // 400,
            change,
        )
        yield Entry(job, method)


def fill(database: Database, jobs: int) -> list[Lease]:
    """Four fifths are done, one in a hundred has failed, eight run: their leases."""
    database.jobs.add(entries(jobs))
    for number in range(jobs * 4 // 5):
        lease = claim(database)
        if number % 100 == 99:
            database.jobs.fail(lease, Outcome.USER, "a wrong number in line 7", "Traceback\n" * 40, {})
        else:
            database.jobs.finish(lease, RESULT)
    return [claim(database, f"worker-{at}") for at in range(RUNNING)]


def claim(database: Database, worker: str = "worker") -> Lease:
    """The next job."""
    found = database.jobs.claim(worker, 60.0)
    assert found is not None
    return found


def tell_all(folder: WorkDir, leases: list[Lease], step: int) -> None:
    """Write how far the jobs are, as their workers do each second."""
    for at, lease in enumerate(leases):
        path = folder.live(lease.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        points = [["main", 10 * n, "loss", 1 / n] for n in range(1, min(50, step + at + 1))]
        told = {
            "attempt": lease.attempt,
            "began": 1.0,
            "told": 2.0,
            "run": "main",
            "step": step,
            "total": 500,
        }
        path.write_text(json.dumps({**told, "points": points}))


@contextmanager
def served(address: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of the board that is ready, and its port."""
    command = [sys.executable, "-m", "ftbench", "serve", "--port", "0", "--db", address]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r":(\d+)/", process.stdout.readline())
        assert found is not None
        yield process, int(found[1])
    finally:
        process.terminate()
        process.wait()


def page_of(port: int, path: str = "/") -> str:
    """A page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return str(answer.read(), "utf-8")


def page_seconds(port: int) -> float:
    """How long the first page takes."""
    begun = time.perf_counter()
    page_of(port)
    return time.perf_counter() - begun


@contextmanager
def watched(port: int, pages: list[str], told: dict[str, int]) -> Iterator[None]:
    """Pages that have come, and are open meanwhile; ``told`` has afterwards what they fetched."""
    command = [sys.executable, "-m", "benchmarks._viewers", "127.0.0.1", str(port), *pages]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if process.stdout.readline() != "open\n":
        raise SystemExit("the pages could not be opened")
    yield
    out, _ = process.communicate("")
    for name, number in json.loads(out).items():
        told[name] = told.get(name, 0) + number


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
