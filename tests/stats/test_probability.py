import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from ftbench.stats import probability
from ftbench.stats.findings import NoAnswer

NAN = math.nan


def test_ties_count_half_and_seeds_without_a_task_not():
    differences = np.array([[0.1, 0.2], [0.1, -0.2], [0.0, 0.1], [-0.3, NAN]])
    np.testing.assert_allclose(probability.wins(differences), [1.0, 0.5, 0.75, NAN])


def test_interval_on_one_task_is_that_of_a_share():
    found = probability.tosses(np.array([1.0, 1.0, 0.0, 1.0, 1.0, NAN]))
    np.testing.assert_allclose((found.low, found.high), proportion_confint(4, 5, method="beta"))
    assert (found.value, found.n) == (0.8, 5)


def test_winning_always_does_not_close_the_interval():
    found = probability.tosses(np.ones(5))
    assert found.high == 1.0 and found.low == pytest.approx(0.025 ** (1 / 5))
    assert probability.tosses(np.zeros(3)).low == 0.0
    assert isinstance(probability.tosses(np.array([NAN])), NoAnswer)


@pytest.mark.parametrize("won", [3, 7, 10])
def test_one_task_is_the_sign_test(won):
    wins = np.where(np.arange(10) < won, 1.0, 0.0)
    assert probability.adjusted(wins[:, None])[0] == pytest.approx(stats.binomtest(won, 10).pvalue)


def test_runs_that_fall_far_bend_nothing():
    differences = np.array([0.1, 0.1, -0.1, 0.1, 0.1])[:, None]
    far = np.array([0.1, 0.1, -0.9, 0.1, 0.1])[:, None]
    np.testing.assert_array_equal(probability.wins(differences), probability.wins(far))
