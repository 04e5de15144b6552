"""What each method costs beside vanilla: time of a whole short job, and peak memory.

    python -m benchmarks.methods [--model minilm] [--task rte] [--rows 300] [--methods bidrop,dps]

A job trains 3 epochs on rows of RTE (from ``FTBENCH_DATA``, the cache or the hub) with the method's defaults,
the search of ``weight_mixup`` once (k=1); it is set up as in a training process of ftbench. The two jobs of a
pair alternate; one-off work and further runs are counted, evaluation and reading the model are not. Time is
CPU time of one thread, so that other programs on the machine count little. Beside it stands what DPS's
Table 6 prints: wall time on RTE with BERT large as a multiple of vanilla's.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from functools import partial

import torch

from benchmarks._measure import Ratio, Table, machine
from ftbench import methods, settings
from ftbench.domain import axes
from ftbench.methods.base import Method
from ftbench.testing import overhead
from ftbench.testing.bench import Bench
from ftbench.testing.subject import Subject, subject_of
from ftbench.training import execute, products
from ftbench.training.trainer import Trainer

#: Zhang et al. 2022, Table 6.
PUBLISHED = {
    "mixout": 1.18,
    "r3f": 1.64,
    "rdrop": 1.64,
    "child_tuning_d": 3.13,
    "dps_dense": 1.12,
    "dps_mix": 1.30,
}
#: The most that each may cost.
LIMITS = {
    "mixout": 1.15,
    "child_tuning_f": 1.1,
    "child_tuning_d": 1.4,
    "dps_dense": 1.08,
    "dps_mix": 1.2,
    "rdrop": 2.0,
    "r3f": 2.0,
    "bidrop": 2.15,
    "recadam": 1.1,
}
GIVEN = {"weight_mixup": "weight_mixup[k=1]"}


def trainer(
    bench: Bench, subject: Subject, task: str, cls: type[Method], rows: int, steps: int | None
) -> Trainer:
    """A fresh job of a method, or of vanilla beside it."""
    length = {"epochs": 3} if steps is None else {"steps": steps}
    recipe = {"batch_size": 16, "warmup_steps": 0, **length}
    values = subject.given if cls is subject.cls else {}
    return subject.trainer(bench, cls, values, task, None, None, recipe, train_size=rows)


def main() -> int:
    """Measure, print a line for each method, and fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--task", default="rte")
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--methods", default=",".join(entry.name for entry in methods.available()))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    execute.keep_memory()
    products.choose()
    bench, vanilla = Bench(options.model, data=settings.data_dir()), methods.find("vanilla")
    print(f"{machine()}; {options.model}, {options.task}, {options.rows} rows, 3 epochs, CPU time\n")
    table = Table(["method", "time, × vanilla", "at most", "DPS, Table 6", "peak memory, weights"])
    table.begin()
    missed = False
    for choice in axes.methods(options.methods):
        subject = subject_of(GIVEN.get(choice.name, choice.name), options.model, ())
        make = partial(trainer, bench, subject, options.task)
        if subject.cls is vanilla:
            continue
        extra = overhead.peak(make(subject.cls, 32, 2)) - overhead.peak(make(vanilla, 32, 2))
        mine, plain = [], []
        for _ in range(options.rounds):
            plain.append(overhead.seconds(make(vanilla, options.rows, None)))
            mine.append(overhead.seconds(make(subject.cls, options.rows, None)))
        ratio, limit = Ratio.of(mine, plain, options.rounds), LIMITS.get(choice.name)
        missed = missed or (limit is not None and ratio.value > limit)
        beside = PUBLISHED.get(choice.name)
        table.add(f"`{choice.name}`", str(ratio), f"{limit or ''}", f"{beside or ''}", f"{extra:+.2f}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
