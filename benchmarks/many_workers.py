"""Two hundred workers on one PostgreSQL: whether all goes well, and how long a claim takes.

    python -m benchmarks.many_workers [--workers 200] [--minutes 5] [--seconds 4] [--lease 60]

Each is a process with a connection of its own that claims a job, sends heartbeats while the job lasts, and
records its end with scores, as ``ftbench worker`` does; nothing is trained. Jobs last between half and one
and a half times ``--seconds``: much less than real ones, so that two hundred workers here ask as much of the
server as some thousands would. Exit 1 where a worker met an error, a job was done twice or not recorded, or
the 99th percentile of a claim was 100 ms or more.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import NamedTuple

from benchmarks import _server
from benchmarks._measure import Table, plain_machine
from benchmarks._queues import Ftbench

LIMIT = 0.1  # seconds, of 99 claims in 100
START = 20.0  # seconds in which the workers begin
BEATS = 4  # heartbeats in the length of a lease, as a worker sends them


class Told(NamedTuple):
    """What a worker tells at its end.

    Attributes:
        jobs: that it has done.
        claims, beats, ends: seconds that each claim, heartbeat and recorded end took.
        error: what it fell with; "".
        megabytes: that it took, at most.
    """

    jobs: list[str]
    claims: list[float]
    beats: list[float]
    ends: list[float]
    error: str
    megabytes: float


def work(address: str, number: int, options: argparse.Namespace, stop: Event, told: Connection) -> None:
    """One worker, until it is told to stop."""
    import resource

    found = Told([], [], [], [], "", 0.0)
    draw, error = random.Random(number), ""
    stop.wait(draw.uniform(0.0, START))  # they are not started in one moment
    try:
        _claim_all(address, number, options, stop, draw, found)
    except BaseException:
        error = traceback.format_exc()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told.send(found._replace(error=error, megabytes=most))


def _claim_all(
    address: str, number: int, options: argparse.Namespace, stop: Event, draw: random.Random, found: Told
) -> None:
    from ftbench.db import open_database
    from ftbench.domain.result import JobResult, Score

    result = JobResult(scores=tuple(Score("dev", metric, draw.random()) for metric in ("accuracy", "f1")))
    with open_database(address) as database:
        while not stop.is_set():
            begun = time.perf_counter()
            claim = database.jobs.claim(f"worker-{number}", options.lease)
            found.claims.append(time.perf_counter() - begun)
            if claim is None:
                raise RuntimeError("nothing is queued any more")
            end = time.monotonic() + options.seconds * draw.uniform(0.5, 1.5)
            while (left := end - time.monotonic()) > 0 and not stop.is_set():
                stop.wait(min(left, options.lease / BEATS))
                begun = time.perf_counter()
                if not database.jobs.heartbeat(claim, options.lease):
                    raise RuntimeError(f"the lease of {claim.digest[:12]} was lost")
                found.beats.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            if not database.jobs.finish(claim, result):
                raise RuntimeError(f"the end of {claim.digest[:12]} was refused")
            found.ends.append(time.perf_counter() - begun)
            found.jobs.append(claim.digest)


def run(address: str, options: argparse.Namespace) -> list[Told]:
    """Start the workers, let them work, and hear what they tell."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "ftbench.db", "ftbench.db.backends.postgresql"])
    stop = context.Event()
    pipes = [context.Pipe(duplex=False) for _ in range(options.workers)]
    started = [
        context.Process(target=work, args=(address, number, options, stop, told), daemon=True)
        for number, (_, told) in enumerate(pipes)
    ]
    try:
        for process in started:
            process.start()
        time.sleep(START + 60 * options.minutes)
        stop.set()
        return [heard.recv() for heard, _ in pipes if heard.poll(60)]
    finally:
        for process in started:
            process.kill()


def _milliseconds(seconds: Sequence[float], part: float) -> float:
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say what was not as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=4.0, help="that a job lasts, on average")
    parser.add_argument("--lease", type=float, default=60.0)
    options = parser.parse_args(arguments)
    with _server.Server({"max_connections": str(options.workers + 20)}) as server:
        queue = Ftbench(server.create("many"), "ftbench, PostgreSQL")
        queue.fill(round(options.workers * ((START + 60 * options.minutes) / options.seconds + 4) * 1.2), 0)
        told = run(queue.address, options)
        done = queue.counts()[1]
    names = [name for one in told for name in one.jobs]
    errors = [one.error for one in told if one.error]
    claims = [seconds for one in told for seconds in one.claims]
    print(
        f"{plain_machine()}; {options.workers} workers, {options.minutes:g} minutes: {len(names):,} jobs, "
        f"{len(names) / (START + 60 * options.minutes):.0f} a second; "
        f"a worker took {max((one.megabytes for one in told), default=0):.0f} MB at most\n"
    )
    table = Table(["milliseconds of a", "number", "median", "95 %", "99 %", "99.9 %", "longest"])
    table.begin()
    for title in ("claims", "beats", "ends"):
        seconds = [each for one in told for each in getattr(one, title)]
        cells = [f"{_milliseconds(seconds, part):.1f}" for part in (0.5, 0.95, 0.99, 0.999, 1.0)]
        shown = {"claims": "claim", "beats": "heartbeat", "ends": "recorded end"}[title]
        table.add(shown, f"{len(seconds):,}", *cells)
    wrong = [
        (options.workers - len(told), "workers that told nothing"),
        (len(errors), f"workers with an error, the first: {errors[:1]}"),
        (len(names) - len(set(names)), "jobs done twice"),
        (abs(done - len(set(names))), "jobs more or fewer in the database"),
        (int(_milliseconds(claims, 0.99) >= 1000 * LIMIT), "time over: 99 % of claims took 100 ms or more"),
    ]
    found = [f"{number} {what}" for number, what in wrong if number]
    print("\n" + ("; ".join(found) or "no error, no job twice, 99 % of claims under 100 ms"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
