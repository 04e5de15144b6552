"""Jobs claimed and completed a second, beside other queues, in turns within one run.

    python -m benchmarks.peers [--queued 100000] [--rows 1000000] [--processes 1,4,16] [--seconds 3]

Every queue is filled twice: with jobs that all wait, and with so many besides that are done. Then processes
claim jobs and complete them, as fast as they can. A server sweeps its tables after they were filled, so that
it does not while something is measured. The database must know of as many completed ones as the processes
do; jobs that two processes had are counted, and ours may have none. Queues that are not installed are left
out, those on PostgreSQL where there is no server. Exit 1 where a peer that keeps a record of a job
is ahead of ours on the same database.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks import _server
from benchmarks._measure import Table, plain_machine
from benchmarks._queues import Ftbench, Huey, Optuna, Procrastinate, Queue

_PATIENCE = 300.0  # seconds that processes are waited for
SYSTEMS = ("SQLite", "PostgreSQL")


def _work(queue: Queue, ready: Barrier, seconds: float, told: Connection) -> None:
    """One process: the jobs that it had, and how many of them a second."""
    work = queue.worker()
    names = [work()]  # what is done once a process is done by now
    ready.wait(_PATIENCE)
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        names.append(work())
    told.send((names, (len(names) - 1) / (time.perf_counter() - begun)))


def measure(queue: Queue, processes: int, seconds: float) -> tuple[float, int]:
    """Jobs a second of so many processes, and how many jobs two of them had.

    Raises:
        SystemExit: a job is not known to be done, or one of ours was had twice; or nothing waited any more.
    """
    context = multiprocessing.get_context("forkserver")
    preload = ["__main__", *(module for module in ("ftbench.db", "optuna") if _there(module))]
    context.set_forkserver_preload(preload)
    ready, before = context.Barrier(processes), queue.counts()[1]
    ends = [context.Pipe(duplex=False) for _ in range(processes)]
    started = [
        context.Process(target=_work, args=(queue, ready, seconds, told), daemon=True) for _, told in ends
    ]
    for process in started:
        process.start()
    for _, told in ends:
        told.close()
    try:
        for heard, _ in ends:
            while not heard.poll(0.5):
                if any(process.exitcode for process in started):
                    raise SystemExit(f"{queue.title}: a process of {processes} died")
        found = [heard.recv() for heard, _ in ends]
    finally:
        for process in started:
            process.terminate()
            process.join()
    names = [name for each, _ in found for name in each]
    if None in names:
        raise SystemExit(f"{queue.title}: nothing waits any more; give more --queued or fewer --seconds")
    twice, known = len(names) - len(set(names)), queue.counts()[1] - before
    if known != len(set(names)) or (twice and isinstance(queue, Ftbench)):
        raise SystemExit(f"{queue.title}: {len(names)} were done, {twice} of them twice, {known} are known")
    return sum(rate for _, rate in found), twice


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _queues(folder: Path, server: _server.Server | None, name: str) -> list[Queue]:
    """The queues that can be measured here, each with a database of its own."""
    found: list[Queue] = [Ftbench(str(folder / f"ours-{name}.db"), "ftbench, SQLite")]
    found += [Huey(str(folder / f"huey-{name}.db"))] if _there("huey") else []
    if _there("optuna"):
        found.append(Optuna(f"sqlite:///{folder}/optuna-{name}.db", "Optuna, SQLite"))
    if server is None:
        return found
    found.append(Ftbench(server.create(f"ours_{name}"), "ftbench, PostgreSQL"))
    if _there("optuna"):
        address = server.create(f"optuna_{name}").replace("postgresql:", "postgresql+psycopg:")
        found.append(Optuna(address, "Optuna, PostgreSQL"))
    found += [Procrastinate(server.create(f"procrastinate_{name}"))] if _there("procrastinate") else []
    return found


def _fill(queues: Sequence[Queue], queued: int, done: int) -> None:
    for queue in queues:
        begun, most = time.perf_counter(), queue.most or queued + done
        share = min(1.0, most / (queued + done))
        queue.fill(round(queued * share), round(done * share))
        queue.settle()
        print(f"{queue.title}: filled in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


def _turns(
    queues: Sequence[Queue], queued: int, processes: Sequence[int], options: argparse.Namespace
) -> tuple[dict[tuple[str, int], list[float]], Counter[str]]:
    """Jobs a second by queue and processes, of every round, and how many jobs of each were had twice."""
    found: dict[tuple[str, int], list[float]] = {}
    twice: Counter[str] = Counter()
    for _ in range(options.rounds):
        for number in processes:
            for queue in queues:
                waiting = queue.counts()[0]
                if queue.most is None and waiting < queued // 2:
                    queue.fill(queued - waiting, 0)
                rate, again = measure(queue, number, options.seconds)
                found.setdefault((queue.title, number), []).append(rate)
                twice[queue.title] += again
    return found, twice


def _cell(rates: Sequence[float]) -> str:
    middle = statistics.median(rates)
    return f"{middle:,.0f} ({min(rates):,.0f}–{max(rates):,.0f})" if len(rates) > 1 else f"{middle:,.0f}"


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--processes", default="1,4,16")
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the larger table, all told")
    parser.add_argument("--seconds", type=float, default=3.0, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", help="where the SQLite files lie; a temporary one by default")
    options = parser.parse_args(arguments)
    processes = [int(word) for word in options.processes.split(",")]
    sizes = {"few": 0, "many": options.rows - options.queued}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        server = None
        if _server.binaries() is not None and _there("psycopg"):
            server = stack.enter_context(_server.Server({"max_connections": "100"}))
        rates: dict[tuple[str, str, int], list[float]] = {}
        queues: list[Queue] = []
        twice: Counter[str] = Counter()
        for name, done in sizes.items():
            queues = _queues(folder, server, name)
            _fill(queues, options.queued, done)
            found, again = _turns(queues, options.queued, processes, options)
            rates |= {(title, name, number): each for (title, number), each in found.items()}
            twice += again
    print(f"{plain_machine()}; {options.rounds} rounds of {options.seconds:g} s, median (least–most)\n")
    heads = [f"{rows:,} rows, {n}" for rows in (options.queued, options.rows) for n in processes]
    table = Table(["jobs a second, by processes", "keeps of a job", *heads, "had twice"], left=2)
    table.begin()
    for queue in queues:
        cells = [_cell(rates[queue.title, name, number]) for name in sizes for number in processes]
        table.add(queue.title, queue.keeps, *cells, str(twice[queue.title]))
    return _judged(queues, rates)


def _judged(queues: Sequence[Queue], rates: dict[tuple[str, str, int], list[float]]) -> int:
    """Say where a peer with a record is ahead; 1 if one is."""
    behind = []
    for system in SYSTEMS:
        ours = next((q for q in queues if q.title == f"ftbench, {system}"), None)
        peers = [q for q in queues if q is not ours and q.title.endswith(system) and not isinstance(q, Huey)]
        for (title, name, number), found in rates.items():
            for peer in peers if ours is not None and title == ours.title else ():
                theirs = statistics.median(rates[peer.title, name, number])
                if theirs > statistics.median(found):
                    behind.append(f"{title} behind {peer.title}, {name} rows, {number} processes")
    print("\n" + ("; ".join(behind) or "ahead of every peer that keeps a record of the job"))
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
