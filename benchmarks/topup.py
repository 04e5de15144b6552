"""How often seeds that are added until something shows end in a mark where no method differs.

    python -m benchmarks.topup [--tables 2000] [--seed 0]

Tables of four comparisons on one task are looked at after 5, 12 and 20 seeds; a comparison gets more seeds
until it is marked. Of ``unequal`` runs those of the baselines alone never collapse, and all means are equal;
of ``related`` ones those of a seed have a correlation of one half, too. Plain looks test each comparison by
its own spread. Fails where looks at a third of the level mark more tables than 5 % and two standard errors.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys

import numpy as np

from benchmarks._draws import COLLAPSE, SPREAD
from benchmarks.calibration import DRAWS, Draw, line, percent
from ftbench.stats import paired, sequential
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.leaderboard import ALPHA


def unequal(rng: np.random.Generator, shape: tuple[int, ...], rho: float = 0.0) -> FloatArray:
    """Of the first side runs lie a point higher, and one in twenty ends twenty points below."""
    common = rng.normal(0.0, SPREAD, (1, *shape[1:]))
    found = 0.70 + math.sqrt(1 - rho) * rng.normal(0.0, SPREAD, shape) + math.sqrt(rho) * common
    found[0] += 0.05 * COLLAPSE
    found[0] -= COLLAPSE * (rng.random(shape[1:]) < 0.05)
    return found


KINDS: dict[str, Draw] = {
    **DRAWS,
    "unequal": unequal,
    "unequal, related": functools.partial(unequal, rho=0.5),
}
PAIRS, SIZES, GAIN = 4, sequential.sizes(5, 20, 3), 0.02


def marked(differences: FloatArray, level: float, plain: bool = False) -> tuple[bool, int]:
    """Whether any comparison comes to be marked, and the seeds that all of them took.

    Args:
        differences: (comparisons, seeds), all that may be run.
        level: of each look.
        plain: whether each is tested by its own spread.
    """
    pools = () if plain else ("task",) * len(differences)
    ends = [0] * len(differences)
    for size in SIZES:
        seen = [one[: end or size] for one, end in zip(differences, ends, strict=True)]
        for at, decision in enumerate(sequential.decide(seen, level, pools=pools)):
            if decision.how != sequential.OPEN and not ends[at]:
                ends[at] = size
    return any(ends), sum(end or SIZES[-1] for end in ends)


def shares(
    draw: Draw, level: float, gain: float, tables: int, seed: int, plain: bool = False
) -> tuple[float, float]:
    """The share of tables with a mark, and the mean seeds of a comparison."""
    rng = np.random.default_rng(seed)
    marks = seeds = 0
    for _ in range(tables):
        left, right = draw(rng, (2, PAIRS, SIZES[-1]))
        found, took = marked(np.round(left - right + gain, paired.DIGITS), level, plain)
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
    line(
        "runs",
        f"false mark, looks at {percent(third)}",
        "plain",
        f"plain, {percent(ALPHA)}",
        "seeds, two points",
    )
    line("---", "---:", "---:", "---:", "---:")
    for name, draw in KINDS.items():
        given = options.tables, options.seed
        kept = shares(draw, third, 0.0, *given)[0]
        plain, usual = (shares(draw, level, 0.0, *given, plain=True)[0] for level in (third, ALPHA))
        worst = max(worst, kept)
        seeds = f"{shares(draw, third, GAIN, *given)[1]:.1f}"
        line(name, percent(kept), percent(plain), percent(usual), seeds)
    print(f"\nlimit {percent(limit)}, highest {percent(worst)}")
    return 0 if worst <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
