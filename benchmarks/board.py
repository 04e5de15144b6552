"""What the live board costs: its first page, those who look, and the worker beside them.

    python -m benchmarks.board [--jobs 10000] [--viewers 50] [--seconds 60] [--ends 1000] [--parts first,…]

A database of ``--jobs`` jobs, of which eight run and tell how far they are each second. Three things are
measured: the first page of a server that has just begun, and those after it; the processor time of a server
that so many pages watch, at rest, and while a job ends each second; and what so many claims and ends of jobs
take a worker while a page of every kind is held open, in turns with as many while none is. Exit 1 where the
first page takes 300 ms or more, the viewers cost more than a core-second a minute, a page got another answer
than its own, or the database was locked for the worker once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks._boards import (
    RESULT,
    RUNNING,
    claim,
    cpu_seconds,
    entries,
    fill,
    page_of,
    page_seconds,
    served,
    tell_all,
    watched,
)
from benchmarks._measure import Ratio, Table, plain_machine
from ftbench.db import Database, Lease, create_database
from ftbench.errors import DatabaseBusy
from ftbench.services.worker.workdir import WorkDir

FIRST, MINUTE = 0.3, 1.0  # limits: seconds of the first page, core-seconds a minute
BLOCK = 100  # ends of a turn
PAUSE = 0.02  # seconds between two ends
REPORTS = (
    "/report",
    "/report?table=robustness",
    "/report?table=curves",
    "/compare?methods=method0,method1",
    "/plot?kind=strip",
    "/plot?kind=learning&tasks=task0",
    "/papers?name=bidrop/table5",
    "/claims",
    "/reports",
)


class Spent(NamedTuple):
    """What the claims and ends of a turn took: seconds by the clock, and of the worker's processor."""

    clock: float
    processor: float


def first_pages(address: str, table: Table) -> bool:
    """How long the first page of a new server takes, and those after it; whether that is too long."""
    begun = time.perf_counter()
    with served(address) as (_, port):
        table.add(
            "from the command to a server that answers", f"{1000 * (time.perf_counter() - begun):.0f} ms", ""
        )
        first = page_seconds(port)
        table.add(
            "first page of a server that has just begun", f"{1000 * first:.0f} ms", f"{1000 * FIRST:.0f} ms"
        )
        rest = statistics.median(page_seconds(port) for _ in range(20))
        table.add("each page after it, median of 20", f"{1000 * rest:.1f} ms", "")
    return first >= FIRST


def viewers(database: Database, leases: list[Lease], options: argparse.Namespace, table: Table) -> bool:
    """What those who look cost the server; whether that is too much, or one got a wrong answer."""
    missed = False
    with served(database.address) as (server, port):
        for ends, words in ((False, "at rest"), (True, "a job ends each second")):
            spent, told = viewers_cost(database, leases, server.pid, port, options, ends=ends)
            table.add(
                f"{options.viewers} viewers, {words}: core-seconds a minute", f"{spent:.2f}", f"{MINUTE:.0f}"
            )
            table.add(
                "… answers to them, MB, wrong ones",
                f"{told['fetched'] + told['kept']}, {told['bytes'] / 1e6:.1f}, {told['wrong']}",
                "",
            )
            missed |= spent > MINUTE or told["wrong"] > 0
    return missed


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


def worker(folder: str, ends: int, table: Table) -> bool:
    """What claims and ends take a worker with a page of every kind open and with none; whether one is wrong.

    Raises:
        SystemExit: the database was locked.
    """
    told: dict[str, int] = {}
    turns: tuple[list[Spent], list[Spent]] = ([], [])
    with create_database(f"{folder}/more.db") as database:
        database.jobs.add(entries(2 * ends + 200))
        for _ in range(60):
            database.jobs.finish(claim(database), RESULT)
        done, running = database.jobs.list()[0].digest, claim(database).digest
        pages = ["/", "/jobs", "/jobs?state=done", f"/job/{done}", f"/job/{running}", *REPORTS]
        with served(database.address) as (_, port):
            for _ in range(ends // BLOCK):
                with watched(port, pages, told):
                    turns[0].append(block(database))
                turns[1].append(block(database))
            seen = page_of(port)
    for words, of in _KINDS:
        beside, alone = ([of(one) for one in some] for some in turns)
        each = 1000 * sum(alone) / (len(alone) * BLOCK)
        what = f"{ends:,} claims and ends with {len(pages)} pages open × with none"
        table.add(f"{what}, {words} ({each:.2f} ms each)", str(Ratio.of(beside, alone)), "no lock")
    table.add("… answers to the pages, wrong ones", f"{told['fetched'] + told['kept']}, {told['wrong']}", "")
    return told["wrong"] > 0 or "Nothing new is seen" in seen


_KINDS: tuple[tuple[str, Callable[[Spent], float]], ...] = (
    ("processor time", lambda one: one.processor),
    ("time", lambda one: one.clock),
)


def block(database: Database) -> Spent:
    """What a worker's claims and ends take, with pauses between them."""
    clock = processor = 0.0
    for _ in range(BLOCK):
        begun, before = time.perf_counter(), time.process_time()
        try:
            database.jobs.finish(claim(database), RESULT)
        except DatabaseBusy as error:
            raise SystemExit(f"the worker met a lock: {error}") from error
        clock, processor = clock + time.perf_counter() - begun, processor + time.process_time() - before
        time.sleep(PAUSE)
    return Spent(clock, processor)


def main() -> int:
    """Measure, print, and say whether the limits are kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--ends", type=int, default=1000)
    parser.add_argument("--parts", default="first,viewers,worker", help="some of these")
    options = parser.parse_args()
    parts, missed = options.parts.split(","), False
    load = os.getloadavg()[0]
    print(f"{plain_machine()}, load {load:.1f}; {options.jobs:,} jobs, {RUNNING} of them running\n")
    table = Table(("what", "measured", "limit"))
    with tempfile.TemporaryDirectory() as folder, create_database(f"{folder}/board.db") as database:
        if "first" in parts or "viewers" in parts:
            leases = fill(database, options.jobs)
            tell_all(WorkDir(database.address), leases, 1)
        table.begin()
        if "first" in parts:
            missed |= first_pages(database.address, table)
        if "viewers" in parts:
            missed |= viewers(database, leases, options, table)
        if "worker" in parts:
            missed |= worker(folder, options.ends, table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
