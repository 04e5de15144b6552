"""Thresholds of ``keep_ratio`` beside a sort and ``torch.kthvalue``.

    python -m benchmarks.selection [--millions 12]

The values are as many as one encoder's layers have, tensor by tensor (a threshold each) and all together.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks._measure import Ratio, Table, machine
from ftbench.nn import selection
from ftbench.training import execute

KEEP = 0.3


def alternately(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Processor seconds of each work, in turns."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.process_time()
            work()
            found[name].append(time.process_time() - start)
    return found


def kth(values: Tensor) -> int:
    """Which of a tensor's values, by size, is the threshold."""
    return selection.kept(values.numel(), KEEP)


def main() -> int:
    """Measure, and print a line for each way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--millions", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    execute.keep_memory()
    count = max(1, round(options.millions * 1e6 / (384 * 1536)))
    tensors = [torch.randn(384, 1536).square() for _ in range(count)]
    together = torch.cat([t.reshape(-1) for t in tensors])
    place = kth(together)
    works: dict[str, Callable[[], object]] = {
        "a threshold each": lambda: [selection.kth_largest(t, kth(t)) for t in tensors],
        "one for all": lambda: selection.kth_largest_of(tensors, place),
        "sort": lambda: together.sort(descending=True).values[place - 1],
        "torch.kthvalue": lambda: together.kthvalue(together.numel() - place + 1),
    }
    assert works["one for all"]() == works["sort"]()
    seconds = alternately(works, options.rounds)
    print(f"{machine()}; {together.numel() / 1e6:.1f} million float32 values\n")
    table = Table(["way", "ms", "sort takes, times as long"])
    table.begin()
    for name, found in seconds.items():
        ratio = Ratio.of(seconds["sort"], found, options.rounds)
        table.add(name, f"{1e3 * sum(found) / len(found):.0f}", str(ratio))
    return 0


if __name__ == "__main__":
    sys.exit(main())
