"""How often a table's marks are wrong where no method differs, and how often right where one does.

    python -m benchmarks.calibration [--tables 1000] [--seed 0]

Leaderboards of 10 methods, 4 tasks and 10 seeds are drawn and judged as reports judge them. Fails where the
share of tables with a false mark exceeds the nominal 5 % by more than two standard errors.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable

import numpy as np

from ftbench.stats import paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Significance
from ftbench.stats.leaderboard import ALPHA, judge

METHODS, TASKS, SEEDS = 10, 4, 10
SPREAD, GAIN, COLLAPSE = 0.02, 0.01, 0.20
Draw = Callable[[np.random.Generator, tuple[int, ...]], FloatArray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Runs around 70 with a standard deviation of two points."""
    return rng.normal(0.70, SPREAD, shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """The same mean and spread, most runs near the top and a long tail below."""
    return 0.70 + SPREAD * (1 - rng.exponential(1.0, shape))


def collapsing(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Normal runs, of which one in twenty ends twenty points below."""
    return normal(rng, shape) - COLLAPSE * (rng.random(shape) < 0.05)


DRAWS: dict[str, Draw] = {"normal": normal, "skewed": skewed, "collapsing": collapsing}


def false_marks(draw: Draw, tables: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Of tables without a difference: any mark, any uncorrected one, bold not on the baseline."""
    marked = uncorrected = bold = 0
    for _ in range(tables):
        scores = draw(rng, (METHODS, SEEDS, TASKS))
        found, plain = judge(scores, 0), judge(scores, 0, np.copy)
        marked += any_below(found.against, found.pairs)
        uncorrected += any_below(plain.against, plain.pairs)
        bold += int(scores.mean(axis=(1, 2)).argmax() != 0)
    return marked / tables, uncorrected / tables, bold / tables


def any_below(*p: FloatArray) -> bool:
    """Whether any test of a table is significant."""
    return any(bool((one[np.isfinite(one)] < ALPHA).any()) for one in p)


def found_gains(draw: Draw, tables: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """One method is a point better on every task: told from the baseline, bold, another one bold."""
    told = bold = 0
    for _ in range(tables):
        scores = draw(rng, (METHODS, SEEDS, TASKS))
        scores[1] += GAIN
        found = judge(scores, 0)
        told += bool(found.pairs[0, 1] < ALPHA)
        bold += int(scores.mean(axis=(1, 2)).argmax() == 1)
    return told / tables, bold / tables, 1 - bold / tables


def one_comparison(
    draw: Draw, n: int, gain: float, tables: int, rng: np.random.Generator
) -> dict[str, float]:
    """How often each test finds the difference of two methods on one task."""
    tests = {"t": paired.t_test, "Wilcoxon": paired.wilcoxon, "sign-flip": paired.sign_flip}
    hits = dict.fromkeys(tests, 0)
    for _ in range(tables):
        left, right = draw(rng, (2, n))
        pairs = paired.differences(left + gain, right)
        for name, test in tests.items():
            found = test(pairs)
            hits[name] += isinstance(found, Significance) and found.p < ALPHA
    return {name: count / tables for name, count in hits.items()}


def percent(share: float) -> str:
    """A share × 100."""
    return f"{100 * share:.1f} %"


def line(*cells: str) -> None:
    """Print a row of a table."""
    print("| " + " | ".join(cells) + " |")


def main() -> int:
    """Simulate, print, and fail where the marks are wrong too often."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    limit = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / options.tables)
    worst = 0.0
    print(f"No difference: {METHODS} methods, {TASKS} tasks, {SEEDS} seeds, {options.tables:,} tables\n")
    line("runs", "a false mark", "without correction", "bold goes to a method that is no better")
    line("---", "---:", "---:", "---:")
    for name, draw in DRAWS.items():
        found = false_marks(draw, options.tables, rng)
        worst = max(worst, found[0])
        line(name, *map(percent, found))
    print(f"\nlimit {percent(limit)}, highest {percent(worst)}\n")
    print("One of ten methods is one point better on every task, two points of spread\n")
    line("runs", "told from the baseline", "is bold", "another one is bold")
    line("---", "---:", "---:", "---:")
    for name, draw in DRAWS.items():
        line(name, *map(percent, found_gains(draw, options.tables, rng)))
    print("\nOne comparison on one task, nothing corrected: without a difference / one point better\n")
    line("runs", "n", "paired t", "Wilcoxon", "sign-flip")
    line("---", "---:", "---:", "---:", "---:")
    for name, draw in DRAWS.items():
        for n in (3, 5, 10):
            none, gain = (one_comparison(draw, n, by, options.tables, rng) for by in (0.0, GAIN))
            line(name, str(n), *(f"{percent(none[test])} / {percent(gain[test])}" for test in none))
    return 0 if worst <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
