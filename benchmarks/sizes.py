"""What a large database costs: a million jobs, a tenth of them queued, 300,000 scores.

    python -m benchmarks.sizes [--jobs 1000000] [--repeat 3] [WHAT …]

The database is that of ``benchmarks.report``, three times as large, with jobs of the grid that wait, some
that failed, and the rest, of another model, cancelled. Each command is timed as there: in seconds of the
processor, start of Python included. The same is done at a tenth of the size, which shows how each grows.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks._measure import Table, plain_machine
from benchmarks.queue import queue_words
from benchmarks.report import MEGABYTES, REPORTS, SECONDS, cells, fill, insert, job_row, measured
from ftbench.db import create_database, open_database

TIMES = 3  # the limits of 100,000 scores, for as many times the scores
#: Seconds of the processor, start of Python included; of a claim, as a worker waits for it.
LIMITS = {
    "claim": 0.002,
    "status": 1.0,
    "show": 1.0,
    "report": TIMES * SECONDS,
    "html": TIMES * SECONDS,
    "compare": TIMES * SECONDS,
    "queue 10,000": TIMES * SECONDS,
    "queue 100,000": 10.0,
}
CLAIMS = 200
MODEL, OTHER = "bert-base", "roberta-base"


def fill_all(path: Path, jobs: int) -> None:
    """Make a database with so many jobs: 15 % of them done, with two scores each, and 10 % queued."""
    fill(path, 3 * jobs // 10)
    with closing(sqlite3.connect(path)) as connection, connection:
        (there,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
        failed, queued = jobs // 100, jobs // 10
        states = itertools.chain(["failed"] * failed, ["queued"] * queued)
        rows = _more(states, MODEL, there)
        rest = itertools.repeat("cancelled", jobs - there - failed - queued)
        for row in itertools.chain(rows, _more(rest, OTHER, there + failed + queued)):
            insert(connection, "jobs", row)
            if row["state"] == "failed":
                attempt = {"digest": row["digest"], "number": 1, "worker": "w", "started": 1.7e9}
                attempt |= {"ended": 1.7e9 + 60, "outcome": "diverged", "message": "loss is nan"}
                insert(connection, "attempts", {**attempt, "traceback": ""})


def _more(states: Iterator[str], model: str, after: int) -> Iterator[dict[str, Any]]:
    """Jobs of the grid in these states, with the seeds that follow those of the jobs that are there."""
    grid = list(cells(model))
    first = after // len(grid)
    seeds = itertools.count(first)
    places = ((seed, cell) for seed in seeds for cell in grid)
    for sequence, (state, (seed, (label, spec, ratio))) in enumerate(
        zip(states, places, strict=False), start=after + 1
    ):
        yield job_row(sequence, label, {**spec, "seed": seed}, ratio, state)


def claim_seconds(path: Path) -> float:
    """The median of some claims, each of which is given back."""
    with open_database(str(path)) as database:
        took = []
        for _ in range(CLAIMS):
            begun = time.perf_counter()
            claim = database.jobs.claim("benchmark", 60.0)
            took.append(time.perf_counter() - begun)
            assert claim is not None
            database.jobs.release(claim)
    return statistics.median(took)


class Ground:
    """A database in a folder, at which commands are measured.

    Attributes:
        jobs: how many it holds.
    """

    def __init__(self, folder: Path, jobs: int) -> None:
        """Fill it."""
        self._folder, self.jobs, self._queued = folder, jobs, 0
        folder.mkdir()
        fill_all(folder / "runs.db", jobs)
        with closing(sqlite3.connect(folder / "runs.db")) as connection:
            (self._job,) = connection.execute("SELECT digest FROM jobs WHERE state = 'done'").fetchone()

    def measure(self, what: str) -> tuple[float, float]:
        """Seconds of the processor, and peak megabytes (0 of a claim)."""
        if what == "claim":
            return claim_seconds(self._folder / "runs.db"), 0.0
        _, seconds, memory = measured(self._folder, self._command(what), self._database(what))
        return seconds, memory

    def _command(self, what: str) -> Sequence[str]:
        known = {"status": ("status",), "show": ("show", self._job[:12]), "report": REPORTS["main"]}
        known |= {"html": REPORTS["html"], "compare": REPORTS["compare"]}
        if what in known:
            return known[what]
        self._queued += 1  # what is queued once is known the next time
        rates = "|".join(f"{self._queued}.{digit}e-6" for digit in range(10))
        return queue_words(_number(what) * self.jobs // FULL // 10, "--set", f"lr={rates}")

    def _database(self, what: str) -> str:
        if what != "queue 100,000":
            return "runs.db"
        fresh = f"{self._queued}.db"
        create_database(str(self._folder / fresh)).close()
        return fresh


FULL = 1_000_000


def _number(what: str) -> int:
    return int(what.split()[1].replace(",", ""))


def main() -> int:
    """Measure, print, and fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--jobs", type=int, default=FULL)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("what", nargs="*", choices=[[], *LIMITS], help="all, unless some are named")
    options = parser.parse_args()
    print(
        f"{plain_machine()}; {options.jobs:,} jobs; best of {options.repeat}, in seconds of the processor\n"
    )
    missed = False
    with tempfile.TemporaryDirectory() as name:
        small, large = (Ground(Path(name) / str(jobs), jobs) for jobs in (options.jobs // 10, options.jobs))
        table = Table(("", "limit, s", f"{small.jobs:,} jobs, s", f"{large.jobs:,} jobs, s", "grows", "MB"))
        table.begin()
        for what in options.what or LIMITS:
            runs = [(small.measure(what), large.measure(what)) for _ in range(options.repeat)]
            before = min(seconds for (seconds, _), _ in runs)
            seconds = min(seconds for _, (seconds, _) in runs)
            memory = min(memory for _, (_, memory) in runs)
            over = seconds > LIMITS[what] or memory > MEGABYTES
            missed = missed or over
            shown = f"{seconds:.4g}{' MISSED' if over else ''}"
            told = f"{memory:.0f}" if memory else ""
            table.add(what, f"{LIMITS[what]:g}", f"{before:.4g}", shown, f"× {seconds / before:.1f}", told)
    print(f"\nmemory at most {MEGABYTES:g} MB")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
