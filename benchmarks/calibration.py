"""How often a table's marks are wrong where no method differs, and how often right where one does.

    python -m benchmarks.calibration [--tables 1000] [--seed 0]

Leaderboards of 10 methods and 4 tasks are drawn and judged as reports judge them: for the mean, for P(A > B),
and for the mean of runs that did not fail. ``before`` is one family of paired t-tests, every cell against the
baseline and every pair of averages, with Holm's correction. ρ is the correlation of two methods' runs.
Where methods do differ in what a column is about, marks are right: they stand in brackets. Fails where false
marks exceed the nominal 5 % by more than two standard errors.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks._draws import CHANCE, COLLAPSE, ROWS, SPREAD, Drawn, Row, better
from ftbench.stats import correction, failures, paired
from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.best import apart_from_best
from ftbench.stats.family import MEAN, PROBABILITY, TWO_PART
from ftbench.stats.findings import Significance
from ftbench.stats.leaderboard import ALPHA, against, judge

GAIN = 0.01
OPEN = "°"
SHOWN = ("before", MEAN, OPEN, PROBABILITY, TWO_PART)
TRUE_OF = {OPEN: MEAN}
SIZES = ((5, 0.0), (5, 0.5), (10, 0.0), (10, 0.5))
"""Seeds, and the correlation of two methods."""
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


def ranked(drawn: Drawn) -> FloatArray:
    """The scores without the methods that would be ranked on their survivors."""
    return np.where(drawn.failed.any(axis=(1, 2), keepdims=True), np.nan, drawn.scores)


def marks(drawn: Drawn) -> dict[str, BoolArray]:
    """Of each average against the baseline's whether it is marked, (methods,), by estimand.

    ``°``: those of the mean that unseen failures might undo are counted, too.
    """
    family = against(drawn.scores[None], 0, MEAN)
    mean = family.adjusted < ALPHA
    alone = against(ranked(drawn)[None], 0, MEAN).adjusted < ALPHA if drawn.failed.any() else mean
    probable = against(drawn.scores[None], 0, PROBABILITY).adjusted < ALPHA
    firm = mean & ~undone(drawn, family.means.value)
    return {MEAN: firm, OPEN: mean, PROBABILITY: probable, TWO_PART: alone}


def undone(drawn: Drawn, differences: FloatArray) -> BoolArray:
    """Which differences to the baseline failures might undo that the runs do not exclude, as in tables."""
    found = np.zeros(len(differences), dtype=np.bool_)
    for method, apart in enumerate(differences):
        better = method if apart > 0 else 0
        failed = drawn.failed[better]
        kept = np.where(failed, np.nan, drawn.scores[better])
        there = np.isfinite(kept).any(axis=0)
        height = float(np.nanmean(kept[:, there], axis=0).mean()) - CHANCE if there.all() else math.nan
        share = failures.undone_by(float(apart), height, int(failed.sum()), failed.size)
        found[method] = method > 0 and share is not None
    return found


def usual(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of cells against the baseline and pairs of averages, one family: p uncorrected and by Holm."""
    methods, seeds, _ = scores.shape
    cells = (scores[1:] - scores[0]).transpose(1, 0, 2).reshape(seeds, -1)
    means, (one, other) = scores.mean(axis=2), np.triu_indices(methods, 1)
    p = paired.t_tests(np.concatenate([cells, (means[one] - means[other]).T], axis=1))[0]
    return p, correction.holm(p)


def false_marks(row: Row, seeds: int, rho: float, tables: int, rng: np.random.Generator) -> dict[str, float]:
    """The share of tables with any mark: before, and by estimand."""
    hits = dict.fromkeys(SHOWN, 0)
    for _ in range(tables):
        drawn = row.draw(rng, seeds, rho)
        hits["before"] += bool((usual(drawn.scores)[1] < ALPHA).any())
        for estimand, marked in marks(drawn).items():
            hits[estimand] += bool(marked.any())
    return {name: count / tables for name, count in hits.items()}


def powers(by: float, seeds: int, rho: float, tables: int, rng: np.random.Generator) -> dict[str, float]:
    """How often the average of the one method that is better is told from the baseline's."""
    row, methods = Row("", better(by)), 10
    hits = dict.fromkeys(SHOWN, 0)
    for _ in range(tables):
        drawn = row.draw(rng, seeds, rho)
        hits["before"] += bool(usual(drawn.scores)[1][(methods - 1) * drawn.scores.shape[2]] < ALPHA)
        for estimand, marked in marks(drawn).items():
            hits[estimand] += bool(marked[1])
    return {name: count / tables for name, count in hits.items()}


def partly(seeds: int, rho: float, tables: int, rng: np.random.Generator) -> float:
    """One method is much better on two tasks: the share of tables in which anything else is marked."""
    row, false = Row("", better(0.06, 2)), 0
    for _ in range(tables):
        found = judge(row.draw(rng, seeds, rho).scores[None], 0)
        others = [at for at in range(found.pairs.shape[1]) if at != 1]
        wrong = [found.averages[0, others], found.cells[0, others], found.cells[0, 1, 2:]]
        wrong.append(found.pairs[0][np.ix_(others, others)])
        false += any(bool((p < ALPHA).any()) for p in wrong)
    return false / tables


def bold_elsewhere(tables: int, rng: np.random.Generator) -> tuple[float, float]:
    """Without a difference: any uncorrected mark, and the best mean not the baseline's."""
    uncorrected = bold = 0
    for _ in range(tables):
        scores = ROWS[0].draw(rng, 10, 0.0).scores
        uncorrected += bool((usual(scores)[0] < ALPHA).any())
        bold += int(scores.mean(axis=(1, 2)).argmax() != 0)
    return uncorrected / tables, bold / tables


def bold_lost(row: Row, seeds: int, rho: float, tables: int, rng: np.random.Generator) -> FloatArray:
    """Without a difference: the share of columns in which not all methods are bold.

    As in tables, by each method's own 95 % interval to the best, and by Holm's correction over these.
    """
    lost = np.zeros(3)
    for _ in range(tables):
        column = row.draw(rng, seeds, rho).scores[:, :, :1]
        best = int(column.mean(axis=(1, 2)).argmax())
        plain = paired.t_tests(np.delete(column[best] - column, best, 0)[:, :, 0].T)[0]
        found = apart_from_best(column, np.array([True]), best), plain, correction.holm(plain)
        lost += [bool((p < ALPHA).any()) for p in found]
    return lost / tables


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
    print("| " + " | ".join(cells) + " |", flush=True)


def levels(tables: int, rng: np.random.Generator) -> Iterator[float]:
    """Print the tables in which no method differs; the shares that must keep the limit."""
    line("runs", "n", "ρ", "before", "mean", "mean and °", "P(A > B)", "two-part")
    line("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
    for row in ROWS:
        for seeds, rho in SIZES:
            found = false_marks(row, seeds, rho, tables, rng)
            yield from (found[name] for name in row.true)
            if MEAN in row.true and not row.lone:
                yield found[OPEN]
            told = [
                percent(v) if k == "before" or TRUE_OF.get(k, k) in row.true else f"({percent(v)})"
                for k, v in found.items()
            ]
            line(row.name, str(seeds), f"{rho:g}", *told)


def main() -> int:
    """Simulate, print, and fail where the marks are wrong too often."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tables, rng = options.tables, np.random.default_rng(options.seed)
    limit = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / tables)
    print(f"No difference: a table has a false mark; {tables:,} tables a row\n")
    worst = max(levels(tables, rng))
    other = [partly(seeds, rho, tables, rng) for seeds, rho in SIZES]
    print(
        f"\nOne is six points better on two tasks, anything else is marked: {', '.join(map(percent, other))}"
    )
    uncorrected, bold = bold_elsewhere(tables, rng)
    print(
        f"without correction {percent(uncorrected)}; bold goes to another than the baseline {percent(bold)}"
    )
    bold_rng = np.random.default_rng(options.seed)  # of its own: the rows below stay what they were
    lost = [bold_lost(row, seeds, rho, tables, bold_rng) for row in ROWS[:3] for seeds, rho in SIZES]
    print(
        "\nNo difference: not all methods of a column are bold; as in tables, by plain intervals, by Holm\n"
    )
    for shares in lost:
        print(", ".join(map(percent, shares)))
    worst = max(worst, *other, *(float(shares[0]) for shares in lost))
    print(f"\nlimit {percent(limit)}, highest {percent(worst)}\n")
    print(
        "One of ten is better on every task, two points of spread: its average is told from the baseline's\n"
    )
    line("better by", "n", "ρ", "before", "mean", "mean and °", "P(A > B)", "two-part")
    line("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
    for by in (GAIN, 2 * GAIN):
        for seeds, rho in ((3, 0.0), (3, 0.5), *SIZES, (20, 0.0)):
            found = powers(by, seeds, rho, max(tables // 4, 100), rng)
            line(f"{100 * by:g}", str(seeds), f"{rho:g}", *map(percent, found.values()))
    print("\nOne comparison on one task, nothing corrected: without a difference / one point better\n")
    line("runs", "n", "paired t", "Wilcoxon", "sign-flip")
    line("---", "---:", "---:", "---:", "---:")
    for name, draw in DRAWS.items():
        for n in (3, 5, 10):
            none, gain = (one_comparison(draw, n, by, min(tables, 1000), rng) for by in (0.0, GAIN))
            line(name, str(n), *(f"{percent(none[test])} / {percent(gain[test])}" for test in none))
    return 0 if worst <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
