"""What each method costs beside vanilla: time of a whole short job, and peak memory.

    python benchmarks/methods.py [--model minilm] [--rows 300] [--methods bidrop,dps]

A job trains on rows of a toy task with the method's defaults, the search of ``weight_mixup`` once (k=1). The
two jobs of a pair alternate, one-off work and further runs are counted, evaluation and reading the model are
not; time is CPU time of one thread, so that other programs on the machine count little. DPS's Table 6 prints
wall time on RTE with BERT-large as a multiple of vanilla's, on one GPU; it stands beside.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path = [folder for folder in sys.path if Path(folder).resolve() != HERE]  # its queue.py is not Python's

if TYPE_CHECKING:
    from ftbench.methods.base import Method
    from ftbench.testing.bench import Bench
    from ftbench.testing.subject import Subject
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
GIVEN = {"weight_mixup": "weight_mixup[k=1]"}


def trainer(bench: Bench, subject: Subject, cls: type[Method], rows: int, steps: int | None) -> Trainer:
    """A fresh job of a method, or of vanilla beside it."""
    from ftbench.testing.bench import CLASSIFICATION

    length = {"epochs": 3} if steps is None else {"steps": steps}
    recipe = {"batch_size": 16, "warmup_steps": 0, **length}
    values = subject.given if cls is subject.cls else {}
    return subject.trainer(bench, cls, values, CLASSIFICATION, None, None, recipe, train_size=rows)


def main() -> None:
    """Measure and print a line for each method."""
    import torch

    from ftbench import methods
    from ftbench.domain import axes
    from ftbench.testing import overhead
    from ftbench.testing.bench import Bench
    from ftbench.testing.subject import subject_of

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--methods", default=",".join(entry.name for entry in methods.available()))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    bench, vanilla = Bench(options.model), methods.find("vanilla")
    print("| method | time | published (DPS, Table 6) | peak memory, weights |\n| --- | ---: | ---: | ---: |")
    for choice in axes.methods(options.methods):
        subject = subject_of(GIVEN.get(choice.name, choice.name), options.model, ())
        make = partial(trainer, bench, subject)
        if subject.cls is vanilla:
            continue
        extra = overhead.peak(make(subject.cls, 32, 2)) - overhead.peak(make(vanilla, 32, 2))
        ratios = []
        for _ in range(options.rounds):
            plain = overhead.seconds(make(vanilla, options.rows, None))
            ratios.append(overhead.seconds(make(subject.cls, options.rows, None)) / plain)
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        beside = PUBLISHED.get(choice.name)
        print(f"| `{choice.name}` | {spread} | {beside or ''} | {extra:+.2f} |", flush=True)


if __name__ == "__main__":
    main()
