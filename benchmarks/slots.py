"""Jobs an hour with several jobs at once against one at a time, on the device at hand.

    python -m benchmarks.slots [--slots 4] [--model minilm] [--jobs 24] [--gpu 0]

Both do the same jobs with the same command, in turns, each in a database of its own. On a CPU both have all
the cores: one job with as many threads, or several with their share of them. The first job of each training
process is left out: it pays for imports and weights.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ftbench.services.worker import machine

JOB = ["--methods", "vanilla", "--tasks", "toy-accept"]


def jobs_per_hour(path: Path, slots: int, given: argparse.Namespace) -> float:
    """Queue the jobs, train them, and see how they ended."""
    device = machine.choose_device(given.gpu)
    threads = 1 if device != "cpu" else max(1, machine.cores() // slots)
    count, size = given.jobs + slots, ["--train-size", str(given.rows), "--set", f"epochs={given.epochs}"]
    ftbench("queue", "--models", given.model, *JOB, *size, "--seeds", str(count), "--yes", "--db", str(path))
    worker = ["worker", "--drain", "--slots", str(slots), "--threads", str(threads), "--db", str(path)]
    said = ftbench(*worker, *(["--gpu", str(given.gpu)] if given.gpu is not None else []))
    connection = sqlite3.connect(path)
    rows = connection.execute("select ended from attempts where outcome = 'ok' order by ended").fetchall()
    connection.close()
    ends = [ended for (ended,) in rows]
    if len(ends) != count:
        raise SystemExit(f"{count - len(ends)} of {count} jobs did not end well:\n{said}")
    return 3600 * (count - slots) / (ends[-1] - ends[slots - 1])


def ftbench(*words: str) -> str:
    """Run a command; what it printed."""
    ended = subprocess.run([sys.executable, "-m", "ftbench", *words], capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"ftbench {' '.join(words)}: {ended.stdout}{ended.stderr}")
    return ended.stdout


def main() -> None:
    """Measure in turns, and print the ratio with its spread."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--slots", type=int, default=0, help="jobs at once; by default 8 on a GPU, else the cores"
    )
    parser.add_argument("--gpu", type=int, help="as of ftbench worker")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--jobs", type=int, default=24)
    parser.add_argument("--rows", type=int, default=400, help="training rows of a job")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    device = machine.choose_device(given.gpu)
    slots = given.slots or (machine.cores() if device == "cpu" else 8)
    pairs = []
    with tempfile.TemporaryDirectory() as name:
        for turn in range(given.repeat):
            one = jobs_per_hour(Path(name) / f"{turn}-one.db", 1, given)
            several = jobs_per_hour(Path(name) / f"{turn}-several.db", slots, given)
            pairs.append((one, several))
    ratios = [several / one for one, several in pairs]
    shape = f"{given.model}, {given.rows} rows, {given.epochs} epochs, {device}"
    print(f"jobs an hour, {shape}, median of {given.repeat} turns of {given.jobs} jobs")
    print(f"1 slot      {statistics.median(one for one, _ in pairs):8.0f}")
    print(f"{slots} slots     {statistics.median(several for _, several in pairs):8.0f}")
    print(f"ratio       {statistics.median(ratios):8.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
