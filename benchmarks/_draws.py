"""Runs of methods that do not differ, or of which one is better: what tables are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.family import ESTIMANDS, MEAN, PROBABILITY, TWO_PART

TASKS = 4
CENTRE, SPREAD, COLLAPSE, RARELY = 0.70, 0.02, 0.20, 0.05
CHANCE = CENTRE - COLLAPSE
#: How far methods that collapse in one run of twenty must lie above for the same mean, and to win half.
SAME_MEAN = RARELY * COLLAPSE


@dataclass(frozen=True)
class Drawn:
    """A table: (methods, seeds, tasks) each; the first method is the baseline."""

    scores: FloatArray
    failed: BoolArray


def related(
    rng: np.random.Generator, shape: tuple[int, int, int], rho: float, skewed: bool = False
) -> FloatArray:
    """Scores of one mean, of which those of one task and seed have a correlation between methods."""
    if skewed:
        common, own = (1 - rng.exponential(1.0, size) for size in ((1, *shape[1:]), shape))
    else:
        common, own = (rng.normal(0.0, 1.0, size) for size in ((1, *shape[1:]), shape))
    found: FloatArray = CENTRE + SPREAD * (np.sqrt(rho) * common + np.sqrt(1 - rho) * own)
    return found


def failing(
    methods: slice, above: Callable[[float], float]
) -> Callable[[Drawn, np.random.Generator, float], Drawn]:
    """One run in twenty of some methods ends twenty points below; the others lie some way above.

    Args:
        methods: which collapse.
        above: how far above, for a correlation.
    """

    def change(drawn: Drawn, rng: np.random.Generator, rho: float) -> Drawn:
        scores, failed = drawn.scores.copy(), np.zeros(drawn.scores.shape, dtype=np.bool_)
        scores[methods] += above(rho)
        failed[methods] = rng.random(scores[methods].shape) < RARELY
        scores[failed] -= COLLAPSE
        return Drawn(scores, failed)

    return change


def winning_half(rho: float) -> float:
    """How far above a method must lie that loses one run in twenty, to beat another one in half."""
    return SPREAD * float(np.sqrt(2 * (1 - rho))) * 0.0660  # the normal quantile of 0.5 / 0.95


def diverging(drawn: Drawn, rng: np.random.Generator, rho: float) -> Drawn:
    """The worst 40 % of one method's runs end at chance."""
    scores, failed = drawn.scores.copy(), np.zeros(drawn.scores.shape, dtype=np.bool_)
    failed[1] = scores[1] <= np.quantile(scores[1], 0.4)
    scores[failed] = CHANCE
    return Drawn(scores, failed)


def better(by: float, tasks: int = TASKS) -> Callable[[Drawn, np.random.Generator, float], Drawn]:
    """One method is better on some tasks."""

    def change(drawn: Drawn, rng: np.random.Generator, rho: float) -> Drawn:
        scores = drawn.scores.copy()
        scores[1, :, :tasks] += by
        return Drawn(scores, drawn.failed)

    return change


@dataclass(frozen=True)
class Row:
    """A kind of table.

    Attributes:
        name: in words.
        change: what is done to runs that do not differ.
        true: the estimands by which no method differs from the baseline.
        methods: how many there are.
        skewed: whether runs have a long tail below.
        lone: whether a single method fails: then no test of few runs can see it, and marks are open.
    """

    name: str
    change: Callable[[Drawn, np.random.Generator, float], Drawn] | None = None
    true: tuple[str, ...] = ESTIMANDS
    methods: int = 10
    skewed: bool = False
    lone: bool = False

    def draw(self, rng: np.random.Generator, seeds: int, rho: float) -> Drawn:
        """A table of it."""
        scores = related(rng, (self.methods, seeds, TASKS), rho, self.skewed)
        drawn = Drawn(scores, np.zeros(scores.shape, dtype=np.bool_))
        return self.change(drawn, rng, rho) if self.change else drawn


ALL, OTHERS, ONE = slice(None), slice(1, None), slice(1, 2)
ROWS = (
    Row("normal"),
    Row("skewed", skewed=True),
    Row("all collapse now and then", failing(ALL, lambda rho: 0.0)),
    Row("all but the baseline collapse, equal means", failing(OTHERS, lambda rho: SAME_MEAN), (MEAN,)),
    Row("… equal means without the collapsed", failing(OTHERS, lambda rho: 0.0), (TWO_PART,)),
    Row("… P(A > B) of one half", failing(OTHERS, winning_half), (PROBABILITY,)),
    Row("the worst 40 % of one method diverge", diverging, (TWO_PART,)),
    Row("one of ten collapses, equal means", failing(ONE, lambda rho: SAME_MEAN), (MEAN,), lone=True),
    Row("one of two collapses, equal means", failing(ONE, lambda rho: SAME_MEAN), (MEAN,), 2, lone=True),
)
