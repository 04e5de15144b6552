import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from ftbench.stats import failures
from ftbench.stats.findings import NoAnswer


@pytest.mark.parametrize(("failed", "runs"), [(0, 5), (2, 5), (5, 5), (1, 40), (3, 3), (0, 1)])
def test_interval_is_exact(failed, runs):
    found = failures.share(failed, runs)
    known = proportion_confint(failed, runs, method="beta")
    np.testing.assert_allclose((found.low, found.high), known)
    assert found.value == failed / runs


def test_no_runs_have_no_share():
    assert isinstance(failures.share(0, 0), NoAnswer)


@pytest.mark.parametrize(("left", "right"), [(0, 0), (1, 0), (6, 0), (5, 2), (3, 3), (1, 9)])
def test_pairs_are_tested_by_mcnemar(left, right):
    known = mcnemar([[4, left], [right, 7]], exact=True).pvalue
    mine, theirs = (np.repeat(side, [4, left, right, 7]) for side in ([1, 1, 0, 0], [1, 0, 1, 0]))
    there = np.ones(len(mine), dtype=bool)
    found = failures.fails_more(mine.astype(bool), theirs.astype(bool), there, there)
    assert found.p == pytest.approx(known) and (found.test, found.statistic) == ("McNemar", left - right)


@pytest.mark.parametrize("table", [(0, 5, 4, 6), (2, 5, 2, 5), (0, 3, 0, 9), (7, 7, 0, 7), (1, 20, 9, 12)])
def test_groups_are_tested_by_fisher(table):
    left, left_runs, right, right_runs = table
    known = stats.fisher_exact([[left, left_runs - left], [right, right_runs - right]]).pvalue
    assert failures.fisher(*table).p == pytest.approx(known)


def test_runs_are_paired_where_they_can_be():
    left, right = np.array([1, 1, 1, 0], dtype=bool), np.array([0, 0, 0, 0], dtype=bool)
    everywhere = np.ones(4, dtype=bool)
    assert failures.fails_more(left, right, everywhere, everywhere).test == "McNemar"
    halves = np.array([1, 1, 0, 0], dtype=bool), np.array([0, 0, 1, 1], dtype=bool)
    found = failures.fails_more(left, right, *halves)
    assert found.test == failures.FISHER and found.p == pytest.approx(
        stats.fisher_exact([[2, 0], [0, 2]]).pvalue
    )
    assert isinstance(failures.fails_more(left, right, everywhere, ~everywhere), NoAnswer)


def test_a_difference_is_undone_by_failures_that_the_runs_leave_room_for():
    # 0 of 20 runs leave room for 1 - 0.05^(1/20) = 13.9 % of failures; each costs 20 points
    assert failures.undone_by(0.027, 0.2, 0, 20) == pytest.approx(0.135)
    assert failures.undone_by(-0.027, 0.2, 0, 20) == pytest.approx(0.135)
    assert failures.undone_by(0.028, 0.2, 0, 20) is None
    # of those seen the mean knows already: 2 of 20 leave room for 28.3 %, 18.3 % more than there are
    most = stats.beta.ppf(0.95, 3, 18)
    assert failures.undone_by(0.2 * (most - 0.1) - 1e-6, 0.2, 2, 20) is not None
    assert failures.undone_by(0.2 * (most - 0.1) + 1e-6, 0.2, 2, 20) is None


@pytest.mark.parametrize(("height", "failed", "runs"), [(math.nan, 0, 5), (0.0, 0, 5), (0.2, 0, 0)])
def test_without_a_height_or_runs_nothing_is_known_of_failures(height, failed, runs):
    assert failures.undone_by(0.01, height, failed, runs) is None


def test_a_method_of_which_all_runs_failed_can_lose_no_more():
    assert failures.undone_by(0.1, 0.2, 5, 5) is None
