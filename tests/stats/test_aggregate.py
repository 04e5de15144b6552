import math
import warnings

import numpy as np
import pytest
from scipy.stats import trim_mean

from ftbench.stats import aggregate
from ftbench.stats.statistics.iqm import iqm
from ftbench.stats.statistics.max import maximum
from ftbench.stats.statistics.mean import mean
from ftbench.stats.statistics.median import median
from ftbench.stats.statistics.std import std

NAN = math.nan
# (seeds, tasks): the first task has all three runs, the second two, the third one, the last none.
SCORES = np.array([[0.60, 0.80, 0.50, NAN], [0.70, NAN, NAN, NAN], [0.80, 0.90, NAN, NAN]])


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_each_task_counts_its_own_runs():
    assert aggregate.count(SCORES).tolist() == [3, 2, 1, 0]


def test_mean_and_maximum_are_over_the_runs_a_task_has():
    np.testing.assert_allclose(mean(SCORES), [0.70, 0.85, 0.50, NAN])
    np.testing.assert_allclose(maximum(SCORES), [0.80, 0.90, 0.50, NAN])


def test_negative_scores_have_a_maximum():
    np.testing.assert_allclose(maximum(np.array([[-0.3], [-0.1]])), [-0.1])


def test_std_divides_by_n_minus_one_and_needs_two_runs():
    # Deviations -0.1, 0, 0.1: 0.02 / 2; and -0.05, 0.05: 0.005 / 1.
    np.testing.assert_allclose(std(SCORES), [0.1, math.sqrt(0.005), NAN, NAN])


def test_std_of_equal_runs_is_zero():
    assert std(np.full((4, 1), 0.37)).tolist() == [0.0]


def test_average_is_withheld_where_a_task_is_missing():
    assert math.isnan(aggregate.average(mean(SCORES)))
    assert aggregate.average(np.array([0.70, 0.85, 0.50])) == pytest.approx(2.05 / 3)
    assert math.isnan(aggregate.average(np.array([])))


def test_average_weighs_tasks_not_runs():
    assert aggregate.average(mean(SCORES[:, :2])) == pytest.approx(0.775)  # not (2.1 + 1.7) / 5


def test_present_leaves_out_tasks_without_a_run():
    assert aggregate.present(SCORES).shape == (3, 3)


def test_shared_runs_are_those_that_all_methods_have():
    other = np.array([[0.1, 0.2, NAN, 0.3], [NAN, 0.2, 0.3, 0.3], [0.1, 0.2, 0.3, 0.3]])
    which = aggregate.shared([SCORES, other])
    assert which.tolist() == [[True, True, False, False], [False] * 4, [True, True, False, False]]
    np.testing.assert_allclose(mean(aggregate.only(SCORES, which)), [0.70, 0.85, NAN, NAN])


def test_difference_pairs_the_runs_by_seed():
    clean = np.array([[0.9, 0.5], [0.7, 0.6], [NAN, 0.7]])
    noisy = np.array([[0.8, NAN], [NAN, 0.5], [0.1, 0.5]])
    np.testing.assert_allclose(aggregate.difference(clean, noisy), [[0.1, NAN], [NAN, 0.1], [NAN, 0.2]])


def test_no_seeds_at_all_gives_nan_for_every_task():
    nothing = np.empty((0, 2))
    for statistic in (mean, maximum, std):
        assert np.isnan(statistic(nothing)).all()


def test_median_and_interquartile_mean_are_over_the_runs_a_task_has():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 4, 5, 8, 11):
        runs = rng.normal(0.7, 0.1, n)
        scores = np.stack([np.append(runs, NAN), np.full(n + 1, NAN)], axis=1)
        np.testing.assert_allclose(median(scores), [np.median(runs), NAN])
        fine = np.repeat(runs, 4)  # of which a quarter is a whole number
        np.testing.assert_allclose(iqm(scores), [trim_mean(fine, 0.25), NAN])
