"""Seeds and examples together, against the analysis of variance of two crossed samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ftbench.metrics import find
from ftbench.stats.findings import NoAnswer
from ftbench.stats.two_way import TwoWay, two_way

accuracy, f1 = find("accuracy").resampled, find("f1").resampled


def right(seeds: int, examples: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, examples).astype(float)
    hard = rng.normal(0, 1, examples)
    sides = [
        [np.where(hard + shift + rng.normal(0, 1, examples) > -1, labels, 1 - labels) for _ in range(seeds)]
        for shift in (0.3, 0.0)
    ]
    return sides[0], sides[1], labels


@pytest.mark.parametrize(("seeds", "examples"), [(2, 40), (3, 60), (8, 50)])
def test_variances_of_accuracy_are_those_of_the_crossed_analysis_of_variance(seeds, examples):
    """Mean squares of seeds, of examples and of what is left, of a table (seeds, examples)."""
    left, other, labels = right(seeds, examples, seeds)
    found = two_way(left, other, labels, accuracy)
    table = np.array([(a == labels).astype(float) - (b == labels) for a, b in zip(left, other, strict=True)])
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    rest = table - rows[:, None] - columns + table.mean()
    between, inside = columns.var(ddof=1), (rest**2).sum() / (seeds - 1) / (examples - 1)
    over_seeds = rows.var(ddof=1) / seeds
    over_rows = max(0.0, (between - inside / seeds) / examples)
    assert isinstance(found, TwoWay) and found.interval.value == pytest.approx(table.mean())
    assert found.floor == pytest.approx(1.959964 * np.sqrt(over_rows), rel=1e-5, abs=1e-9)
    total = over_seeds + over_rows
    df = total**2 / (over_seeds**2 / (seeds - 1) + over_rows**2 / (examples - 1))
    half = stats.t.ppf(0.975, df) * np.sqrt(total)
    assert found.interval.high - found.interval.value == pytest.approx(half)


def test_what_the_examples_leave_open_stays_with_many_seeds():
    rng = np.random.default_rng(0)
    labels, wins = np.ones(100), rng.random(100) < 0.3  # on three in ten rows one method is right, always

    def runs(n: int) -> TwoWay:
        mine = [np.where(rng.random(100) < 0.1, 0.0, 1.0) for _ in range(n)]
        theirs = [np.where(wins | (rng.random(100) < 0.1), 0.0, 1.0) for _ in range(n)]
        found = two_way(mine, theirs, labels, accuracy)
        assert isinstance(found, TwoWay)
        return found

    few, many = (runs(n) for n in (4, 60))
    widths = [one.interval.high - one.interval.low for one in (few, many)]
    assert widths[1] < widths[0] and 0.9 < 2 * many.floor / widths[1] <= 1.0


def test_metrics_of_the_whole_set_are_taken_and_rows_that_are_alike_are_counted():
    left, other, labels = right(3, 200, 2)
    found = two_way(left, other, labels, f1)
    plain = [
        f1(a, labels, np.ones((1, 200), int)) - f1(b, labels, np.ones((1, 200), int))
        for a, b in zip(left, other, strict=True)
    ]
    assert isinstance(found, TwoWay) and found.interval.value == pytest.approx(float(np.mean(plain)))


def test_one_seed_and_runs_that_never_differ_have_no_interval():
    left, other, labels = right(3, 50, 3)
    assert two_way(left[:1], other[:1], labels, accuracy) == NoAnswer("too few seeds", 1, 2)
    assert str(two_way(left, left, labels, accuracy)) == "nothing varies"
