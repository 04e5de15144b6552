"""What the live board costs: its first page, those who look, and the worker beside them.

    python -m benchmarks.board [--jobs 10000] [--viewers 50] [--seconds 60] [--ends 1000]

A database of ``--jobs`` jobs, of which eight run and tell how far they are each second. Three things are
measured: the first page of a server that has just begun, and those after it; the processor time of a server
that so many pages watch, at rest, and while a job ends each second; and what claims and ends of jobs take a
worker, in turns with a page of every kind open and with none. Exit 1 where the first page takes 300 ms or
more, the viewers cost more than a core-second a minute, a page got another answer than its own, or the
database was locked for the worker once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._measure import Ratio, Table, plain_machine
from ftbench.db import Database, Entry, Lease, create_database
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import CurvePoint, JobResult, Outcome, Score
from ftbench.errors import DatabaseBusy
from ftbench.services.worker.workdir import WorkDir

FIRST, MINUTE = 0.3, 1.0  # limits: seconds of the first page, core-seconds a minute
RUNNING = 8
BLOCK = 50  # ends of a turn
PAUSE = 0.02  # seconds between two ends
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


def page_seconds(port: int, path: str = "/") -> float:
    """How long a page takes."""
    begun = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        answer.read()
    return time.perf_counter() - begun


@contextmanager
def watched(port: int, pages: list[str], told: dict[str, int]) -> Iterator[None]:
    """Pages that are open meanwhile; ``told`` has afterwards what they fetched."""
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


def viewers_cost(
    database: Database, leases: list[Lease], pid: int, port: int, options: argparse.Namespace, *, ends: bool
) -> tuple[float, dict[str, int]]:
    """Core-seconds a minute of a server that many watch, and what they fetched."""
    folder, told = WorkDir(database.address), dict[str, int]()
    with watched(port, ["/"] * options.viewers, told):
        time.sleep(3.0)
        begun, before, step = time.monotonic(), cpu_seconds(pid), 1
        while time.monotonic() - begun < options.seconds:
            if ends:
                step += 1
                tell_all(folder, leases, step)
                database.jobs.finish(claim(database), RESULT)
                if step % 20 == 0:
                    for lease in leases:
                        database.jobs.heartbeat(lease, 60.0)
            time.sleep(1.0)
        spent, took = cpu_seconds(pid) - before, time.monotonic() - begun
    return 60 * spent / took, told


def worker_turns(database: Database, port: int, ends: int, told: dict[str, int]) -> tuple[list[float], ...]:
    """Seconds of claims and ends in turns of ``BLOCK``, with a page of every kind open, and with none.

    Raises:
        SystemExit: the database was locked.
    """
    done = database.jobs.list()[0].digest
    pages = [
        "/",
        "/jobs",
        "/jobs?state=done",
        f"/job/{done}",
        "/report",
        "/report?table=robustness",
        "/reports",
    ]
    seconds: tuple[list[float], ...] = ([], [])
    for _ in range(ends // BLOCK):
        with watched(port, pages, told):
            seconds[0].append(block(database))
        seconds[1].append(block(database))
    return seconds


def block(database: Database) -> float:
    """The time that a worker waits for its claims and ends."""
    spent = 0.0
    for _ in range(BLOCK):
        begun = time.perf_counter()
        try:
            database.jobs.finish(claim(database), RESULT)
        except DatabaseBusy as error:
            raise SystemExit(f"the worker met a lock: {error}") from error
        spent += time.perf_counter() - begun
        time.sleep(PAUSE)
    return spent


def main() -> int:
    """Measure, print, and say whether the limits are kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--ends", type=int, default=1000)
    options = parser.parse_args()
    print(f"{plain_machine()}; {options.jobs:,} jobs, {RUNNING} of them running\n")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, create_database(f"{folder}/board.db") as database:
        leases = fill(database, options.jobs)
        tell_all(WorkDir(database.address), leases, 1)
        begun = time.perf_counter()
        with served(database.address) as (server, port):
            found["ready"] = time.perf_counter() - begun
            found["first"] = page_seconds(port)
            found["pages"] = statistics.median(page_seconds(port) for _ in range(20))
        with served(database.address) as (server, port):
            found["rest"], told = viewers_cost(database, leases, server.pid, port, options, ends=False)
            found["ends"], while_ending = viewers_cost(database, leases, server.pid, port, options, ends=True)
        with create_database(f"{folder}/more.db") as more:
            more.jobs.add(entries(2 * options.ends + 200))
            for _ in range(20):
                more.jobs.finish(claim(more), RESULT)
            with served(more.address) as (server, port):
                page_seconds(port)
                beside: dict[str, int] = {}
                with_pages, alone = worker_turns(more, port, options.ends, beside)
    return told_of(found, options, (told, while_ending, beside), Ratio.of(with_pages, alone), sum(alone))


def told_of(
    found: dict[str, float],
    options: argparse.Namespace,
    told: tuple[dict[str, int], ...],
    ratio: Ratio,
    alone: float,
) -> int:
    """Print the table; the exit code."""
    table = Table(("what", "measured", "limit"))
    table.begin()
    table.add("from the command to a server that answers", f"{1000 * found['ready']:.0f} ms", "")
    table.add(
        "first page of a server that has just begun",
        f"{1000 * found['first']:.0f} ms",
        f"{1000 * FIRST:.0f} ms",
    )
    table.add("each page after it, median of 20", f"{1000 * found['pages']:.1f} ms", "")
    for name, words, one in (("rest", "at rest", told[0]), ("ends", "a job ends each second", told[1])):
        table.add(
            f"{options.viewers} viewers, {words}: core-seconds a minute",
            f"{found[name]:.2f}",
            f"{MINUTE:.0f}",
        )
        table.add(
            "… parts that they fetched, kept, MB",
            f"{one['fetched']}, {one['kept']}, {one['bytes'] / 1e6:.1f}",
            "",
        )
    each = 1000 * alone / (options.ends // BLOCK * BLOCK)
    table.add(
        f"{options.ends:,} claims and ends with seven pages open × with none ({each:.2f} ms each)",
        str(ratio),
        "no lock",
    )
    wrong = sum(one["wrong"] for one in told)
    missed = found["first"] >= FIRST or max(found["rest"], found["ends"]) > MINUTE or wrong
    if wrong:
        print(f"\n{wrong} answers were none of the page's")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
