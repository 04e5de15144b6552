"""Paired spreads, against an independent implementation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ftbench.stats.findings import Interval, NoAnswer, Significance
from ftbench.stats.spread import deviation, swaps


def by_hand(left: np.ndarray, right: np.ndarray) -> float:
    """One-sided p that the left column varies less: every swap, one by one."""
    mine, theirs = left - np.median(left), right - np.median(right)
    found = []
    for turned in itertools.product([False, True], repeat=len(left)):
        one, other = np.where(turned, theirs, mine), np.where(turned, mine, theirs)
        found.append(np.log(other.var() / one.var()))
    return float((np.array(found) >= found[0] - 1e-9).mean())


@pytest.mark.parametrize("n", [2, 3, 7])
def test_every_swap_of_two_methods_seeds_is_gone_through(n: int) -> None:
    generator = np.random.default_rng(n)
    left, right = generator.normal(0.7, 0.005, n), generator.normal(0.6, 0.015, n)
    found, turned = swaps(left[:, None], right[:, None]), swaps(right[:, None], left[:, None])
    assert isinstance(found, Significance) and isinstance(turned, Significance)
    assert found.p == pytest.approx(min(1.0, 2 * min(by_hand(left, right), by_hand(right, left))))
    assert (turned.p, turned.statistic) == (pytest.approx(found.p), pytest.approx(-found.statistic))
    assert found.smallest == 2 / 2**n


def test_swaps_of_many_seeds_are_scipys_permutation_but_for_the_draw() -> None:
    generator = np.random.default_rng(4)
    left, right = generator.normal(0.7, 0.01, 20), generator.normal(0.7, 0.014, 20)
    left, right = left - np.median(left), right - np.median(right)
    wanted = stats.permutation_test(
        (left, right),
        lambda a, b, axis: np.log(b.var(axis=axis) / a.var(axis=axis)),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9_999,
        rng=1,
    )
    found = swaps(left[:, None], right[:, None])
    assert isinstance(found, Significance) and 0.05 < found.p < 0.5
    assert found.p == pytest.approx(wanted.pvalue, abs=0.02)


def test_a_tasks_scale_and_level_do_not_decide_and_seeds_are_swapped_as_a_whole() -> None:
    generator = np.random.default_rng(1)
    left, right = generator.normal(0, 0.5, (6, 2)), generator.normal(0, 1.0, (6, 2))
    found, scaled = swaps(left, right), swaps(left * [1, 100] + [0, 7], right * [1, 100] - [0, 3])
    assert isinstance(found, Significance) and isinstance(scaled, Significance)
    assert (found.p, found.n) == (pytest.approx(scaled.p), 6)
    twice = swaps(left[:, [0, 0]], right[:, [0, 0]])  # a column that is there twice is no second observation
    assert isinstance(twice, Significance) and twice.p == swaps(left[:, :1], right[:, :1]).p


def test_too_few_or_constant_values_have_no_answer() -> None:
    one, same = np.full((1, 2), 0.3), np.full((5, 2), 0.3)
    assert swaps(one, one) == NoAnswer("too few pairs", 1, 2)
    assert str(swaps(same, same + 0.1)) == "nothing varies"
    lacking = np.where(np.arange(5)[:, None] > 0, np.nan, same)
    assert swaps(same, lacking) == NoAnswer("too few pairs", 1, 2)


def test_a_deviation_has_the_interval_of_chi_squared():
    """Ten values with a standard deviation of 2: √(9·4 / 19.0228) and √(9·4 / 2.7004)."""
    values = np.array([-1.0, 1.0] * 5)
    found = deviation(2 * values / values.std(ddof=1) + 70)
    assert isinstance(found, Interval)
    assert (found.value, found.n) == (pytest.approx(2.0), 10)
    assert (found.low, found.high) == (pytest.approx(1.3757, abs=1e-4), pytest.approx(3.6512, abs=1e-4))
    assert deviation(values[:1]) == NoAnswer("too few runs", 1, 2)
    assert deviation(np.ones(3)) == Interval(0.0, 0.0, 0.0, 3, 0.95, "chi-squared")
