"""How often seeds that are added until something shows end in a mark where no method differs.

    python -m benchmarks.topup [--tables 2000] [--seed 0]

Tables of four comparisons are looked at after 5, 12 and 20 seeds; a comparison gets more seeds until it is
marked. Fails where looks at a third of the level mark more tables than 5 % and two standard errors.
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np

from benchmarks.calibration import DRAWS, Draw, line, percent
from ftbench.stats import paired, sequential
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.leaderboard import ALPHA

PAIRS, SIZES, GAIN = 4, sequential.sizes(5, 20, 3), 0.02


def marked(differences: FloatArray, level: float) -> tuple[bool, int]:
    """Whether any comparison comes to be marked, and the seeds that all of them took.

    Args:
        differences: (comparisons, seeds), all that may be run.
        level: of each look.
    """
    ends = [0] * len(differences)
    for size in SIZES:
        seen = [one[: end or size] for one, end in zip(differences, ends, strict=True)]
        for at, decision in enumerate(sequential.decide(seen, level)):
            if decision.how != sequential.OPEN and not ends[at]:
                ends[at] = size
    return any(ends), sum(end or SIZES[-1] for end in ends)


def shares(draw: Draw, level: float, gain: float, tables: int, seed: int) -> tuple[float, float]:
    """The share of tables with a mark, and the mean seeds of a comparison."""
    rng = np.random.default_rng(seed)
    marks = seeds = 0
    for _ in range(tables):
        left, right = draw(rng, (2, PAIRS, SIZES[-1]))
        found, took = marked(np.round(left - right + gain, paired.DIGITS), level)
        marks += found
        seeds += took
    return marks / tables, seeds / tables / PAIRS


def main() -> int:
    """Simulate, print, and fail where the marks are wrong too often."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tables", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    limit = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / options.tables)
    third, worst = ALPHA / len(SIZES), 0.0
    told = ", ".join(map(str, SIZES))
    print(f"{PAIRS} comparisons, looks after {told} seeds, {options.tables:,} tables\n")
    line("runs", f"false mark, looks at {percent(third)}", f"looks at {percent(ALPHA)}", "seeds, two points")
    line("---", "---:", "---:", "---:")
    for name, draw in DRAWS.items():
        given = options.tables, options.seed
        kept, usual = (shares(draw, level, 0.0, *given)[0] for level in (third, ALPHA))
        worst = max(worst, kept)
        line(name, percent(kept), percent(usual), f"{shares(draw, third, GAIN, *given)[1]:.1f}")
    print(f"\nlimit {percent(limit)}, highest {percent(worst)}")
    return 0 if worst <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
