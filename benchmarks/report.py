"""What reports of 100,000 scores take: under 3 s and under 1 GB of memory each.

    python -m benchmarks.report [--scores 100000] [REPORT …]

The database is generated: 25 methods, 4 tasks, 5 ratios of noise, two metrics, seeds as needed, and some
logged losses of each job. Every report is timed as a user meets it, start of Python included, in seconds of
the processor: on a machine that does nothing else, those on the clock are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ftbench.db import create_database
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.methods import find, source_digest

SECONDS, MEGABYTES = 3.0, 1000.0
METHODS, TASKS, RATIOS = 25, ("cola", "rte", "mrpc", "sst2"), (0.0, 0.05, 0.1, 0.15, 0.2)
METRICS = {"cola": "matthews", "mrpc": "f1"}
CODES = {name: source_digest(find(name)) for name in ("vanilla", "bidrop")}
STEPS = range(100, 600, 100)
REPORTS: dict[str, tuple[str, ...]] = {
    "main": ("report",),
    "robustness": ("report", "--table", "robustness"),
    "markdown": ("report", "-o", "main.md"),
    "latex": ("report", "--table", "robustness", "-o", "robustness.tex", "--macros", "numbers.tex"),
    "csv": ("report", "--table", "robustness", "-o", "robustness.csv"),
    "json": ("report", "--table", "robustness", "-o", "robustness.json"),
    "html": ("report", "-o", "main.html"),
    "html robustness": ("report", "--table", "robustness", "-o", "robustness.html"),
    "curves": ("report", "--table", "curves"),
    "html curves": ("report", "--table", "curves", "-o", "curves.html"),
    "suite": ("report", "--suite", "bidrop/table5"),
    "suite html": ("report", "--suite", "bidrop/table5", "-o", "suite.html"),
    "compare": ("compare", "bidrop[k=3]", "vanilla"),
    "compare four": ("compare", "bidrop[k=3]", "bidrop[k=4]", "bidrop[k=5]", "vanilla"),
    "power": ("power", "bidrop[k=3]", "vanilla"),
    "status": ("status",),
    "why": ("why", "vanilla", "Avg"),
    "query": ("query", "SELECT task, label, avg(value) FROM scores JOIN jobs USING (digest) GROUP BY 1, 2"),
    "export csv": ("export", "--scores", "scores.csv"),
    "export parquet": ("export", "--scores", "scores.parquet"),
    "plot strip": ("plot", "strip", "-o", "strip.svg"),
    "plot sweep": ("plot", "sweep", "--methods", "bidrop", "-o", "sweep.svg"),
    "plot robustness": ("plot", "robustness", "-o", "robustness.svg"),
    "plot learning": ("plot", "learning", "-o", "learning.svg"),
    "plot cost": ("plot", "cost", "-o", "cost.svg"),
    "plot ranks": ("plot", "ranks", "-o", "ranks.svg"),
}


def fill(path: Path, scores: int) -> int:
    """Make a database with about so many scores; how many it has."""
    create_database(str(path)).close()
    seeds = max(1, scores // (2 * METHODS * len(TASKS) * len(RATIOS)))
    count = 0
    connection = sqlite3.connect(path)
    with connection:
        for job, attempt, provenance, found in rows_of(seeds):
            for table, row in (("jobs", job), ("attempts", attempt), ("provenance", provenance)):
                insert(connection, table, row)
            for score in found:
                insert(connection, "scores", score)
                count += 1
            for step in STEPS:
                loss = {"digest": job["digest"], "run": "main", "name": "loss", "step": step}
                insert(connection, "curves", {**loss, "value": 0.7 - step / 1000 + job["seed"] / 1e4})
    connection.close()
    return count


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert a row."""
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)


def rows_of(
    seeds: int,
) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[dict[str, Any]]]]:
    """Every job of the grid: its row, its attempt, its provenance, its scores."""
    random.seed(0)
    sequence = 0
    for label, spec, ratio in cells():
        for seed in range(seeds):
            sequence += 1
            yield row_of(sequence, label, {**spec, "seed": seed}, ratio)


def cells(model: str = "bert-base") -> Iterator[tuple[str, dict[str, Any], float]]:
    """Every cell of the grid: how its method is labelled, a job of it, and its ratio."""
    bidrop = find("bidrop").defaults()
    choices = [("vanilla", "vanilla", {})]
    choices += [(f"bidrop[k={k}]", "bidrop", {**bidrop, "k": k}) for k in range(3, METHODS + 2)]
    for label, method, values in choices:
        for task in TASKS:
            for ratio in RATIOS:
                change = Perturbation.of({"noise": ratio})
                job = Job(model, "main", task, "d", ("dev",), method, values, 0, change)
                yield label, job.canonical(), ratio


def job_row(
    sequence: int, label: str, spec: dict[str, Any], ratio: float, state: str = "done"
) -> dict[str, Any]:
    """A job as its row holds it."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"))
    return {
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "sequence": sequence,
        "state": state,
        "priority": 0,
        "attempts": 1,
        "label": label,
        "model": spec["model"]["id"],
        "model_revision": "main",
        "task": spec["task"]["name"],
        "data_revision": "d",
        "method": spec["method"]["name"],
        "hparams": json.dumps(spec["method"]["hparams"], sort_keys=True),
        "seed": spec["seed"],
        "reduction": 0.0,
        "noise": ratio,
        "perturbation": json.dumps(spec["perturbation"], sort_keys=True, separators=(",", ":")),
        "recipe": json.dumps(spec["recipe"], sort_keys=True),
        "spec": text,
        "places": "{}",
        "created": 1.7e9,
    }


def row_of(
    sequence: int, label: str, spec: dict[str, Any], ratio: float
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """One done job."""
    job = job_row(sequence, label, spec, ratio)
    digest, task = job["digest"], spec["task"]["name"]
    attempt = {"digest": digest, "number": 1, "worker": "w", "started": 1.7e9, "ended": 1.7e9 + 60}
    attempt |= {"outcome": "ok", "message": "", "traceback": ""}
    facts = {
        "device": "cuda",
        "exclusive": True,
        "ftbench": "0.1.0",
        "git_commit": "0" * 40,
        "git_dirty": False,
        "numpy": "2.4.6",
        "python": "3.11.7",
        "torch": "2.13.0",
        "transformers": "5.23.0",
        "peak_memory_mb": random.randrange(2000, 3000),
        "seconds": {
            "data": 0.1,
            "evaluation": 3.0,
            "model": 1.0,
            "training": round(random.uniform(50, 70), 3),
        },
        "wall_seconds": round(random.uniform(60, 80), 3),
        "digests": {"rows": digest[:16], "train_size": digest[16:32]},
        "threads": 1,
        "worker": "w",
        "method_digest": CODES[spec["method"]["name"]],
    }
    scores = [
        {"digest": digest, "evaluation": "dev", "metric": metric, "value": random.gauss(0.8 - ratio, 0.02)}
        for metric in (METRICS.get(task, "accuracy"), "accuracy_label1")
    ]
    return job, attempt, {"digest": digest, "number": 1, "facts": json.dumps(facts, sort_keys=True)}, scores


def measured(folder: Path, words: Sequence[str], database: str = "runs.db") -> tuple[float, float, float]:
    """Seconds on the clock, seconds of the processor, and peak megabytes of one command."""
    command = [sys.executable, "-m", "ftbench", *words, "--db", database]
    start = time.perf_counter()
    # As users have it: the first run writes the byte code of the package, the others read it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (folder / "errors.log").open("w+") as errors:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        errors.seek(0)
        if status:
            raise SystemExit(f"ftbench {' '.join(words)} failed: {errors.read()}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> int:
    """Measure every report, print, and fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scores", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("reports", nargs="*", choices=[[], *REPORTS], help="all, unless some are named")
    options = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = fill(folder / "runs.db", options.scores)
        print(f"{count:,} scores, best of {options.repeat}; limits {SECONDS:g} s and {MEGABYTES:g} MB")
        chosen = options.reports or list(REPORTS)
        # In rounds: a slow spell of the machine then meets one run of each, not all of one.
        rounds = [[measured(folder, REPORTS[report]) for report in chosen] for _ in range(options.repeat)]
        for report, runs in zip(chosen, zip(*rounds, strict=True), strict=True):
            clock, seconds, memory = map(min, zip(*runs, strict=True))
            over = seconds > SECONDS or memory > MEGABYTES
            missed = missed or over
            share = f"{seconds / SECONDS:.2f} and {memory / MEGABYTES:.2f} of the limits"
            end = ", MISSED" if over else ""
            print(f"{report:15} {seconds:5.2f} s (clock {clock:5.2f} s) {memory:4.0f} MB, {share}{end}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
