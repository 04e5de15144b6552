"""How fast jobs are queued and claimed: 1,000 jobs should queue in under 2 s.

    python benchmarks/queue.py [--jobs 1000]

The command line is timed as a user meets it, start of Python included; the claims are timed in one process.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 2.0


def queue_words(jobs: int, *more: str) -> tuple[str, ...]:
    """The command that queues so many jobs on the toy tasks."""
    grid = ("--methods", "vanilla", "--tasks", "toy", "--seeds", str(jobs // 4))
    return ("queue", *grid, "--yes", *more)


def queue_seconds(folder: Path, jobs: int, name: str) -> float:
    """Wall seconds of one ``ftbench queue`` of so many jobs."""
    command = [sys.executable, "-m", "ftbench", *queue_words(jobs), "--db", str(folder / name)]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return time.perf_counter() - start


def claims_per_second(path: Path, count: int) -> float:
    """Claims of one process, one after another."""
    from ftbench.db import open_database

    with open_database(str(path)) as database:
        start = time.perf_counter()
        for _ in range(count):
            if database.jobs.claim("benchmark", 60.0) is None:
                raise SystemExit("fewer jobs than claims")
        return count / (time.perf_counter() - start)


def main() -> int:
    """Measure, print, and fail where the limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = [queue_seconds(folder, options.jobs, f"{i}.db") for i in range(options.repeat)]
        again = queue_seconds(folder, options.jobs, "0.db")
        rate = claims_per_second(folder / "0.db", min(500, options.jobs))
    median = statistics.median(seconds)
    print(f"queue {options.jobs} jobs   median {median:.2f} s of {options.repeat} (limit {LIMIT} s at 1,000)")
    print(f"queue them again    {again:.2f} s")
    print(f"claims              {rate:.0f} a second, one process")
    return 0 if median <= LIMIT * options.jobs / 1000 else 1


if __name__ == "__main__":
    sys.exit(main())
