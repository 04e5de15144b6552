"""How often intervals miss, and how often what is said of spreads, order and equivalence is wrong.

    python -m benchmarks.coverage [--tables 4000] [--seed 0]

Runs of two methods are exchangeable: of one distribution, but for a shift. Every interval that is printed
anywhere is drawn; what is counted is whether it holds the truth. Takes two to three minutes on one core: what
goes through tables one by one is drawn for a part of them (see ``PART``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
from scipy import special

from benchmarks.calibration import DRAWS, Draw, line, percent
from ftbench.metrics import find
from ftbench.stats import bayes, curves, dominance, paired, pooled, power, spread
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.examples import bootstrap
from ftbench.stats.findings import Interval, Significance
from ftbench.stats.two_way import TwoWay, two_way

SEEDS = (3, 5, 10, 20)
TASKS = 4
#: The part of the tables that is drawn of what goes through them one by one: one in so many.
PART = {"mean": 4, "bootstrap": 16, "grid": 20}
LIMIT = 0.015
Truth = Callable[[Draw, int, int, np.random.Generator], float]
"""Draw, seeds, tables, generator -> the share of intervals that hold the truth."""


def t_of_the_mean(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """The mean difference: comparisons, cells, curves, claims, top-ups; all tables at once."""
    pairs = draw(rng, (n, tables)) - draw(rng, (n, tables))
    return float((paired.t_tests(pairs)[0] >= 0.05).mean())  # the interval holds 0 where p is not below 0.05


def t_of_one_method(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """The mean of one method's runs: suites' plots, areas and slopes under curves."""
    centred = draw(rng, (n, tables)) - float(draw(rng, (1_000_000,)).mean())
    return float((paired.t_tests(centred)[0] >= 0.05).mean())


def hedges_g(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """The standardised difference, of no difference."""
    found = [paired.hedges_g(draw(rng, (n,)) - draw(rng, (n,))) for _ in range(tables // PART["bootstrap"])]
    return _holds(found, 0.0)


def deviation(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """The standard deviation: spreads by source, and the seeds that power needs."""
    truth = float(draw(rng, (1_000_000,)).std())
    return _holds([spread.deviation(runs) for runs in draw(rng, (tables, n))], truth)


def interquartile(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """The interquartile mean over four tasks of different level."""
    levels = np.array([0.0, 0.1, -0.15, 0.2])
    truth = pooled.interquartile_mean(draw(rng, (250_000, TASKS)) + levels)
    shape = (tables // PART["mean"], n, TASKS)
    return _holds([pooled.iqm_interval(runs) for runs in draw(rng, shape) + levels], truth)


def improvement(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """That a run improves, of a method that is a spread ahead."""
    left, right = (draw(rng, (2_000, TASKS)) for _ in range(2))
    truth = pooled.improvement(left + 0.02, right)
    shape = (tables // PART["mean"], n, TASKS)
    both = zip(draw(rng, shape) + 0.02, draw(rng, shape), strict=True)
    return _holds(
        [pooled.improvement(*one) for one in both], truth.value if isinstance(truth, Interval) else 0.0
    )


def over_tasks(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """The mean over tasks like these, whose true differences scatter by a point."""
    held = 0
    count = tables // PART["grid"]
    for _ in range(count):
        true = 0.01 * rng.standard_normal(TASKS)
        found = bayes.hierarchical(draw(rng, (n, TASKS)) - draw(rng, (n, TASKS)) + true, 0.01)
        held += isinstance(found, bayes.Posterior) and found.low <= 0 <= found.high
    return held / count


def crossing(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """The ratio from which a method is below the baseline; truly half way."""
    ratios = np.array([0.0, 0.05, 0.1, 0.15])
    fall = np.array([0.03, 0.01, -0.01, -0.03])
    held = 0
    count = tables // PART["mean"]
    for _ in range(count):
        found = curves.crossing(ratios, draw(rng, (n, 4)) + fall, draw(rng, (n, 4)))
        held += (
            isinstance(found, curves.Crossing)
            and found.low is not None
            and found.high is not None
            and (found.low <= 0.0755 and found.high >= 0.0745)
        )
    return held / count


def _predictions(
    n: int, rows: int, rng: np.random.Generator
) -> tuple[list[FloatArray], list[FloatArray], FloatArray]:
    """Two methods' predictions of n seeds: rows are harder for one or the other, seeds better or worse."""
    labels = rng.integers(0, 2, rows).astype(float)
    hard, apart = rng.normal(1, 1, rows), rng.normal(0, 0.5, rows)
    sides = [
        [
            np.where(
                hard + side * apart / 2 + rng.normal(0, 0.2) + rng.normal(0, 0.7, rows) > 0,
                labels,
                1 - labels,
            )
            for _ in range(n)
        ]
        for side in (1, -1)
    ]
    return sides[0], sides[1], labels


def examples_and_seeds(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """Seeds and test examples together, accuracy on 300 rows."""
    count = tables // PART["mean"]
    found = [two_way(*_predictions(n, 300, rng), find("accuracy").resampled) for _ in range(count)]
    return _holds([one.interval for one in found if isinstance(one, TwoWay)], 0.0)


def by_example(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> float:
    """Two trained models on 300 rows, whatever the seeds."""
    found = []
    for _ in range(tables // PART["bootstrap"]):
        labels, hard = rng.integers(0, 2, 300).astype(float), rng.normal(1, 1, 300)
        one, other = (np.where(hard + rng.normal(0, 1, 300) > 0, labels, 1 - labels) for _ in range(2))
        found.append(bootstrap(one, other, labels, find("accuracy").resampled))
    return _holds(found, 0.0)


def _holds(found: list[object], truth: float) -> float:
    held = [isinstance(one, Interval) and one.low - 1e-12 <= truth <= one.high + 1e-12 for one in found]
    return float(np.mean(held))


INTERVALS: dict[str, Truth] = {
    "mean difference (t)": t_of_the_mean,
    "one method's mean (t)": t_of_one_method,
    "Hedges' g": hedges_g,
    "standard deviation": deviation,
    "interquartile mean": interquartile,
    "a run improves": improvement,
    "mean over tasks like these": over_tasks,
    "ratio of a crossing": crossing,
}
#: What predictions give, whatever the distribution of the scores.
OF_PREDICTIONS: dict[str, Truth] = {
    "seeds and examples": examples_and_seeds,
    "examples of two models": by_example,
}
EXACT = ("mean difference (t)",)
"""What must cover 95 ± 1.5 % of the time with normal runs; the others say what they do."""


def errors(draw: Draw, n: int, tables: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Of two equal methods: a smaller spread claimed (one-sided 5 %), ε below 0.2 and below 0.5."""
    count = tables // PART["mean"]
    claims = bounds = half = 0
    for _ in range(count):
        left, right = draw(rng, (2, n))
        found = spread.swaps(left[:, None], right[:, None])
        claims += isinstance(found, Significance) and paired.one_sided(found)[0] < 0.05
        bound = dominance.almost_stochastic_order(left, right, resamples=500)
        bounds += isinstance(bound, Interval) and bound.high < dominance.DOMINATES
        half += isinstance(bound, Interval) and bound.high < 0.5
    return claims / count, bounds / count, half / count


def seeds_said(n: int, tables: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """What n seeds say where 34 are needed: 10th and 90th percent, and how often the interval has 34."""
    found = rng.normal(0, 0.02, (tables, n)).std(axis=1, ddof=1)
    tails = special.chdtri(n - 1, np.array([0.025, 0.975]))
    held = ((n - 1) * found**2 / tails[0] <= 0.02**2) & (0.02**2 <= (n - 1) * found**2 / tails[1])
    needed = [power.seeds_needed(0.01, float(one)) for one in np.quantile(found, [0.1, 0.9])]
    return (*(float(one) if isinstance(one, int) else np.inf for one in needed), float(held.mean()))


def main() -> int:
    """Simulate, print, and fail where an interval that should be exact is not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tables", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    wrong = []
    print(f"How often a 95 % interval holds the truth, up to {options.tables:,} tables\n")
    line("interval", "runs", *(f"n = {n}" for n in SEEDS))
    line("---", "---", *["---:"] * len(SEEDS))
    for title, cover in {**INTERVALS, **OF_PREDICTIONS}.items():
        for name, draw in DRAWS.items() if title in INTERVALS else [("–", DRAWS["normal"])]:
            found = [cover(draw, n, options.tables, rng) for n in SEEDS]
            line(title, name, *map(percent, found))
            if title in EXACT and name in ("normal", "–"):
                wrong += [title for one in found if abs(one - 0.95) > LIMIT]
    print("\nTwo equal methods: claims of a smaller spread / ε below 0.2 / ε below 0.5\n")
    line("runs", *(f"n = {n}" for n in SEEDS))
    line("---", *["---:"] * len(SEEDS))
    for name, draw in DRAWS.items():
        shares = [errors(draw, n, options.tables, rng) for n in SEEDS]
        line(name, *(" / ".join(map(percent, one)) for one in shares))
    print("\nSeeds that power says are needed where 34 are: 8 of 10 say from … to …; the interval holds 34\n")
    line("n", "from", "to", "holds 34")
    line("---:", "---:", "---:", "---:")
    for n in SEEDS:
        low, high, held = seeds_said(n, options.tables, rng)
        line(str(n), f"{low:.0f}", f"{high:.0f}", percent(held))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
