"""Two one-sided tests, against scipy's t tests and numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ftbench.stats import equivalence
from ftbench.stats.equivalence import Estimate, averaged_estimate, tost


@pytest.mark.parametrize("shift", [-1.4, -0.3, 0.0, 0.6, 2.5])
def test_p_values_are_those_of_welchs_one_sided_tests(shift: float) -> None:
    generator = np.random.default_rng(0)
    left, right = generator.normal(70, 1.5, 10), generator.normal(70, 0.7, 7)
    left, right = left - left.mean() + 70 + shift, right - right.mean() + 70
    found = tost(*(Estimate.of(x.mean(), x.std(ddof=1), len(x)) for x in (left, right)), 1.0)
    above = stats.ttest_ind(left + 1.0, right, equal_var=False, alternative="greater").pvalue
    below = stats.ttest_ind(left - 1.0, right, equal_var=False, alternative="less").pvalue
    assert found.difference == pytest.approx(shift)
    assert found.p_equal == pytest.approx(max(above, below))
    side, sign = ("greater", 1.0) if shift >= 0 else ("less", -1.0)
    apart = stats.ttest_ind(left - sign, right, equal_var=False, alternative=side).pvalue
    assert found.p_apart == pytest.approx(apart)


def test_verdicts() -> None:
    def verdict(difference: float, std: float, n: int = 10) -> str:
        return tost(Estimate.of(80 + difference, std, n), Estimate.of(80, std, n), 1.0).verdict

    assert verdict(0.1, 0.5) == "reproduced"
    assert verdict(2.0, 0.5) == "not reproduced"
    assert verdict(0.1, 3.0) == "underpowered" == verdict(1.0, 0.5)
    assert verdict(0.1, 0.5, n=2) == "underpowered"


def test_by_hand() -> None:
    """Two means of 4 values with deviation 1: variance 0.5, 6 degrees of freedom."""
    found = tost(Estimate.of(1.0, 1.0, 4), Estimate.of(1.0, 1.0, 4), 2.0)
    assert found.p_equal == pytest.approx(stats.t.sf(2 / math.sqrt(0.5), 6))


def test_an_average_adds_variances() -> None:
    """Two tasks, variances of the mean 0.4 and 0.1: (0.4 + 0.1) / 4."""
    found = averaged_estimate([Estimate.of(60, 2, 10), Estimate.of(90, 1, 10)])
    assert (found.mean, found.variance) == (75.0, pytest.approx(0.125))
    assert found.df == pytest.approx(0.125**2 / (0.1**2 / 9 + 0.025**2 / 9))


def test_means_that_are_known_exactly() -> None:
    exact = Estimate(80.0, 0.0, math.inf)
    assert tost(exact, Estimate(80.5, 0.0, math.inf), 1.0).verdict == "reproduced"
    assert tost(exact, Estimate(82.0, 0.0, math.inf), 1.0).verdict == "not reproduced"


def test_the_seeds_of_a_verdict_are_the_fewest_that_give_one():
    ours, theirs = Estimate.of(70.2, 2.0, 5), Estimate.of(70.0, 1.0, 20)
    needed = equivalence.seeds_for(ours, 5, theirs, 1.0)
    verdicts = [
        equivalence.tost(Estimate.of(70.2, 2.0, n), theirs, 1.0).verdict for n in (needed - 1, needed)
    ]
    assert verdicts == ["underpowered", "reproduced"]
    apart = Estimate.of(72.0, 3.0, 3)
    needed = equivalence.seeds_for(apart, 3, theirs, 1.0)
    assert equivalence.tost(Estimate.of(72.0, 3.0, needed), theirs, 1.0).verdict == "not reproduced"


def test_a_mean_of_few_runs_leaves_open_what_no_seed_of_ours_settles():
    """A margin of 1 is less than 1.83 standard errors of theirs: 2 / sqrt(10) x t(0.95, 9) = 1.16."""
    ours = Estimate.of(70.0, 2.0, 5)
    assert equivalence.seeds_for(ours, 5, Estimate.of(70.0, 2.0, 10), 1.0) is None
    assert equivalence.seeds_for(ours, 5, Estimate.of(70.0, 1.5, 10), 1.0) is not None
