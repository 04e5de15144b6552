import pytest
from statsmodels.stats.power import TTestPower

from ftbench.stats import power
from ftbench.stats.findings import NoAnswer


@pytest.mark.parametrize(("n", "effect", "alpha"), [(3, 1.0, 0.05), (10, 0.5, 0.05), (25, 0.6, 0.001)])
def test_power_is_that_of_statsmodels(n, effect, alpha):
    assert power.power(2 * effect, 2.0, n, alpha) == pytest.approx(
        TTestPower().power(effect, n, alpha), abs=1e-6
    )


@pytest.mark.parametrize("n", [2, 3, 10, 40])
def test_smallest_difference_has_the_wanted_power(n):
    found = power.smallest_difference(2.0, n)
    assert power.power(found, 2.0, n) == pytest.approx(0.8)
    assert power.power(0.99 * found, 2.0, n) < 0.8


@pytest.mark.parametrize(
    ("difference", "spread"), [(1.0, 2.0), (-1.0, 2.0), (1.0, 0.3), (0.2, 2.0), (9, 0.1)]
)
def test_seeds_needed_are_the_fewest(difference, spread):
    n = power.seeds_needed(difference, spread)
    assert power.power(difference, spread, n) >= 0.8
    assert n == 2 or power.power(difference, spread, n - 1) < 0.8


def test_textbook_case():
    # Cohen (1988), table 2.4.1 for one sample: d = 0.5, two-sided 0.05, power 0.80 needs 34 (G*Power).
    assert power.seeds_needed(0.5, 1.0) == 34


def test_two_seeds_far_out():
    # The mean over the spread's distribution, integrated by scipy.integrate.quad: 0.6252858.
    assert power.power(8.0, 1.0, 2) == pytest.approx(0.6252858, abs=1e-5)


def test_limits():
    assert power.smallest_difference(2.0, 1) == NoAnswer("too few pairs", 1, 2)
    assert power.smallest_difference(0.0, 3) == 0.0
    assert power.seeds_needed(0.5, 0.0) == 2
    assert str(power.seeds_needed(1e-6, 1.0)) == "more than 100,000 seeds"
