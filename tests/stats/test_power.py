"""Power of the paired t-test, against statsmodels, an integral by hand and drawn experiments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower

from ftbench.stats import power
from ftbench.stats.findings import NoAnswer


def by_hand(effect: float, n: int, alpha: float) -> float:
    """Both tails beyond the test's edges, integrated over the spread that a sample may have."""
    edge, far, df = stats.t.isf(alpha / 2, n - 1), abs(effect) * np.sqrt(n), n - 1

    def beyond(spread: float) -> float:
        return stats.norm.sf(edge * spread - far) + stats.norm.cdf(-edge * spread - far)

    def weighed(spread: float) -> float:
        return beyond(spread) * stats.chi.pdf(spread * np.sqrt(df), df) * np.sqrt(df)

    return integrate.quad(weighed, 0, 9, points=[far / edge], limit=200)[0]


@pytest.mark.parametrize(
    ("n", "effect", "alpha"),
    [(3, 1.0, 0.05), (10, 0.5, 0.05), (25, 0.6, 0.001), (2, 0.3, 0.05), (40, -0.4, 0.01), (5, 0.0, 0.05)],
)
def test_power_is_that_of_statsmodels_and_of_the_integral_by_hand(n, effect, alpha):
    found = power.power(2 * effect, 2.0, n, alpha)
    assert found == pytest.approx(TTestPower().power(effect, n, alpha), abs=1e-6)
    assert found == pytest.approx(by_hand(effect, n, alpha), abs=1e-6)


def test_power_is_how_often_drawn_experiments_find_the_difference():
    pairs = np.random.default_rng(0).normal(0.015, 0.02, (40_000, 8))
    found = (stats.ttest_1samp(pairs, 0, axis=1).pvalue < 0.05).mean()  # its own error: 0.0025
    assert power.power(0.015, 0.02, 8) == pytest.approx(found, abs=0.01)


@pytest.mark.parametrize(("alpha", "wanted"), [(0.05, 0.8), (0.01, 0.9), (0.05 / 21, 0.5)])
@pytest.mark.parametrize("n", [10, 40])  # with fewer, statsmodels loses its way far out
def test_smallest_difference_is_that_of_statsmodels(n, alpha, wanted):
    effect = TTestPower().solve_power(nobs=n, alpha=alpha, power=wanted)
    assert power.smallest_difference(2.0, n, alpha, wanted) == pytest.approx(2.0 * effect, rel=1e-5)


@pytest.mark.parametrize(("n", "alpha"), [(2, 0.05), (3, 0.05), (3, 0.01), (3, 0.05 / 21), (10, 0.05)])
def test_smallest_difference_just_has_the_wanted_power(n, alpha):
    found = power.smallest_difference(2.0, n, alpha)
    assert by_hand(found / 2.0, n, alpha) == pytest.approx(0.8, abs=1e-5)


def fewest_by_hand(effect: float, needed: int, alpha: float, wanted: float) -> bool:
    """Whether so many seeds have the power, and fewer do not: of those, the nearest and some further down."""
    fewer = {*range(needed - 4, needed)} | {needed * eighths // 8 for eighths in range(1, 8)}
    missed = all(by_hand(effect, n, alpha) < wanted for n in fewer if n >= 2)
    return missed and by_hand(effect, needed, alpha) >= wanted


@pytest.mark.parametrize(
    ("difference", "spread"), [(1.0, 2.0), (-1.0, 2.0), (1.0, 0.3), (0.2, 2.0), (9, 0.1)]
)
def test_seeds_needed_are_the_fewest(difference, spread):
    assert fewest_by_hand(difference / spread, power.seeds_needed(difference, spread), 0.05, 0.8)


def test_seeds_needed_follow_level_and_power():
    for alpha, wanted in ((0.05, 0.95), (0.005, 0.8)):
        assert fewest_by_hand(0.5, power.seeds_needed(0.5, 1.0, alpha, wanted), alpha, wanted)


def test_textbook_case():
    # Cohen (1988), table 2.4.1 for one sample: d = 0.5, two-sided 0.05, power 0.80 needs 34 (G*Power).
    assert power.seeds_needed(0.5, 1.0) == 34


def test_two_seeds_far_out():
    # The mean over the spread's distribution, integrated by scipy.integrate.quad: 0.6252858.
    assert power.power(8.0, 1.0, 2) == pytest.approx(0.6252858, abs=1e-5)


def test_limits():
    assert power.smallest_difference(2.0, 1) == NoAnswer("too few pairs", 1, 2)
    assert power.smallest_difference(0.0, 3) == NoAnswer(power.NO_SPREAD, 3)
    assert power.smallest_difference(2.0, 5, alpha=0.5, wanted=0.5) == 0.0  # chance alone is enough
    assert power.seeds_needed(0.5, 1e-17) == NoAnswer(power.NO_SPREAD, 0)
    assert str(power.seeds_needed(1e-6, 1.0)) == "more than 100,000 seeds"
