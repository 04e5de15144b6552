"""The first grid of a user, whole: ftbench's commands beside a loop of the usual script, in turns.

    python -m benchmarks.grid [--model minilm] [--tasks glue-small] [--methods bidrop,dps,rdrop] [--rows 300]

For one seed after another, each of these runs the same grid, vanilla included, from the first command to the
last score, with everything in it that a user waits for:

- ``ftbench``: ``ftbench queue`` and ``ftbench worker --drain`` as they are (a job a core on a CPU);
  with ``--slots`` also with so many jobs at once, a share of the cores each;
- ``padded``: a process of ``benchmarks/_usual_script.py`` for each run, every batch padded to 128 tokens;
- ``dynamic``: the same, batches padded to their longest row.

Rows, epochs, batch and the sets that are scored are the same. Exit 1 where the whole took the loop less than
4 times (padded) or 3 times (dynamic) as long as it took ftbench.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks._measure import Ratio, Table, machine
from ftbench import models, settings, tasks
from ftbench.tasks import sources

LENGTH, BATCH, LR = 128, 16, 2e-5
LIMITS = {"padded": 4.0, "dynamic": 3.0}
FTBENCH = [sys.executable, "-m", "ftbench"]


def write_rows(folder: Path, options: argparse.Namespace) -> None:
    """Write what the script reads: the first rows of each task, its evaluation set, and the settings."""
    kinds: dict[str, int] = {}
    for name in options.tasks:
        task = tasks.find(name)
        place = sources.locate(task, settings.data_dir())
        kinds[name] = task.outputs
        for part, of in (("train", task.train.name), ("dev", task.evaluation[0].name)):
            rows = sources.read(task, of, place)
            count = options.rows if part == "train" else len(rows)
            with (folder / f"{name}.{part}.jsonl").open("w") as file:
                for at in range(min(count, len(rows))):
                    texts = dict(
                        zip(("first", "second"), (column[at] for column in rows.texts), strict=False)
                    )
                    file.write(json.dumps({**texts, "label": rows.labels[at]}) + "\n")
    _, ref = models.resolve(options.model)
    told = {"model": str(models.locate(ref)), "length": LENGTH, "batch": BATCH, "lr": LR}
    (folder / "settings.json").write_text(json.dumps({**told, "epochs": options.epochs, "kinds": kinds}))


def by_ftbench(folder: Path, seed: int, options: argparse.Namespace, slots: int = 0) -> None:
    """Queue the grid of a seed, and work it off."""
    path = folder / f"{seed}-{slots}.db"
    grid = [
        "--models",
        options.model,
        "--tasks",
        ",".join(options.tasks),
        "--methods",
        ",".join(options.methods),
    ]
    size = ["--train-size", str(options.rows), "--seeds", f"{seed},"]
    recipe = [f"epochs={options.epochs}", f"batch_size={BATCH}", f"lr={LR}", f"max_length={LENGTH}"]
    told = [word for setting in recipe for word in ("--set", setting)]
    _run([*FTBENCH, "queue", *grid, *size, *told, "--yes", "--db", str(path)])
    packed = [] if not slots else ["--slots", str(slots), "--threads", str(max(1, _cores() // slots))]
    _run([*FTBENCH, "worker", "--drain", *packed, "--db", str(path)])


def by_script(folder: Path, seed: int, options: argparse.Namespace, padded: bool) -> None:
    """A process of the script for each run."""
    shutil.rmtree(folder / "cache", ignore_errors=True)
    for task in options.tasks:
        for method in ("vanilla", *options.methods):
            words = [str(folder), task, method, str(seed), str(folder / "out")]
            _run(
                [sys.executable, "-m", "benchmarks._usual_script", *words, *(["--padded"] if padded else [])]
            )


def _run(words: Sequence[str]) -> None:
    ended = subprocess.run(words, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{' '.join(words)}: {ended.stdout}{ended.stderr}")


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def main() -> int:
    """Measure in turns, print the table, and fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--tasks", default="glue-small")
    parser.add_argument("--methods", default="bidrop,dps,rdrop")
    parser.add_argument("--rows", type=int, default=300, help="training rows of a run")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2, help="turns")
    parser.add_argument("--slots", type=int, default=0, help="measure so many jobs at once, too")
    options = parser.parse_args()
    options.tasks = [task.name for task in tasks.expand(options.tasks.split(","))]
    options.methods = options.methods.split(",")
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder, options)
        ways: dict[str, Callable[[int], None]] = {"ftbench": lambda seed: by_ftbench(folder, seed, options)}
        if options.slots:
            told = f"ftbench --slots {options.slots}"
            ways[told] = lambda seed: by_ftbench(folder, seed, options, options.slots)
        ways["padded"] = lambda seed: by_script(folder, seed, options, padded=True)
        ways["dynamic"] = lambda seed: by_script(folder, seed, options, padded=False)
        for seed in range(options.seeds):
            for way, work in ways.items():
                begun = time.perf_counter()
                work(seed)
                seconds.setdefault(way, []).append(time.perf_counter() - begun)
                print(f"seed {seed}, {way}: {seconds[way][-1]:.1f} s", file=sys.stderr, flush=True)
    runs = len(options.tasks) * (len(options.methods) + 1)
    shape = f"{options.model}, {options.rows} rows, {options.epochs} epochs"
    print(f"{machine()}; {shape}; {options.seeds} turns of {runs} runs\n")
    table = Table(["", "seconds a run", "× ftbench (least–most of the turns)"])
    table.begin()
    found = {way: Ratio.of(every, seconds["ftbench"], options.seeds) for way, every in seconds.items()}
    for way, every in seconds.items():
        table.add(way, f"{sum(every) / len(every) / runs:.2f}", "" if way == "ftbench" else str(found[way]))
    return 0 if all(found[way].value >= limit for way, limit in LIMITS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
