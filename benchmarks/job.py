"""Where the time of a short job goes, in a worker that has done one before: SST-2, 500 rows.

    python -m benchmarks.job [--model minilm] [--task sst2] [--rows 500] [--jobs 4]

A real worker does jobs of one cell, seed after seed. What each phase took stands in the database: ``waiting``
from one job's end to the claim of the next; ``model`` finding or loading the weights; ``data`` reading,
perturbing and tokenising rows; ``training`` with the copy of the weights; ``evaluation`` of the dev set;
``writing`` all the rest of the attempt. A warm job should be ready to train within 0.3 s.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._measure import Table, machine

LIMIT = 0.3
PHASES = ("waiting", "model", "data", "training", "evaluation", "writing")


def run(folder: Path, options: argparse.Namespace) -> list[dict[str, float]]:
    """Queue and work; seconds by phase of every job, in order."""
    path = folder / "job.db"
    ftbench = [sys.executable, "-m", "ftbench"]
    cell = ["--models", options.model, "--tasks", options.task, "--methods", "vanilla"]
    size = ["--train-size", str(options.rows), "--seeds", str(options.jobs + 1)]
    worker = ["worker", "--drain", "--threads", str(options.threads)]
    for words in (["queue", *cell, *size, "--yes"], worker):
        subprocess.run([*ftbench, *words, "--db", str(path)], check=True, stdout=subprocess.DEVNULL)
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "select a.started, a.ended, p.facts from attempts a join provenance p using (digest) order by 1"
    ).fetchall()
    connection.close()
    found, last = [], None
    for started, ended, text in rows:
        facts = json.loads(text)
        phases = {name: float(facts["seconds"].get(name, 0.0)) for name in PHASES}
        phases["writing"] = ended - started - sum(phases.values())
        phases["waiting"] = 0.0 if last is None else started - last
        found.append(phases)
        last = ended
    return found


def main() -> int:
    """Measure, print the phases of the first job and of the warm ones, and fail where they start late."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--task", default="sst2")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=4, help="beside the first one")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first, *warm = run(Path(folder), options)
    print(f"{machine()}; {options.model}, {options.task}, {options.rows} rows, {options.threads} threads\n")
    table = Table(["seconds", *PHASES, "in all"])
    table.begin()
    table.add("first job", *(f"{first[p]:.2f}" for p in PHASES), f"{sum(first.values()):.2f}")
    middle = {p: statistics.median(job[p] for job in warm) for p in PHASES}
    table.add(
        f"warm, median of {len(warm)}", *(f"{middle[p]:.2f}" for p in PHASES), f"{sum(middle.values()):.2f}"
    )
    ready = statistics.median(job["waiting"] + job["model"] + job["data"] for job in warm)
    print(f"\nA warm job is ready to train after {ready:.2f} s (at most {LIMIT} s).")
    return 0 if ready <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
