import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ftbench.stats import leaderboard, paired
from ftbench.stats.correction import none

NAN = math.nan


def table(methods=3, seeds=6, tasks=2, seed=0):
    return np.random.default_rng(seed).normal(0.7, 0.02, (methods, seeds, tasks))


def test_family_holds_every_task_against_the_baseline_and_every_pair_of_averages():
    scores = table()
    p = [stats.ttest_rel(scores[m, :, t], scores[0, :, t]).pvalue for m in (1, 2) for t in (0, 1)]
    averages = scores.mean(axis=2)
    p += [stats.ttest_rel(averages[i], averages[j]).pvalue for i, j in ((0, 1), (0, 2), (1, 2))]
    adjusted = multipletests(p, method="holm")[1]
    found = leaderboard.judge(scores, baseline=0)
    assert found.family == 7
    np.testing.assert_allclose(found.against, [[NAN, NAN], adjusted[:2], adjusted[2:4]])
    np.testing.assert_allclose(found.pairs[np.triu_indices(3, 1)], adjusted[4:])
    np.testing.assert_allclose(found.pairs, found.pairs.T)


def test_correction_and_baseline_may_be_left_out():
    scores = table()
    found = leaderboard.judge(scores, None, none)
    assert np.isnan(found.against).all() and found.family == 3
    averages = scores.mean(axis=2)
    assert found.pairs[0, 1] == pytest.approx(stats.ttest_rel(averages[0], averages[1]).pvalue)


def test_missing_runs_are_dropped_pair_by_pair():
    scores = table()
    scores[1, 0, 0] = scores[2, 1, 1] = NAN
    found = leaderboard.judge(scores, 0, none)
    assert found.against[1, 0] == pytest.approx(stats.ttest_rel(scores[1, 1:, 0], scores[0, 1:, 0]).pvalue)
    averages = scores[:, 2:].mean(axis=2)
    assert found.pairs[1, 2] == pytest.approx(stats.ttest_rel(averages[1], averages[2]).pvalue)


def test_clear_differences_get_letters_and_others_share_one():
    scores = table(seeds=10) + np.array([0.0, 0.001, 0.2])[:, None, None]
    assert leaderboard.judge(scores, 0).letters() == ("a", "a", "b")


@pytest.mark.parametrize("seeds", [0, 1])
def test_too_few_seeds_tell_nothing_apart(seeds):
    found = leaderboard.judge(table(seeds=seeds) + np.array([0.0, 0.1, 0.2])[:, None, None], 0)
    assert found.family == 0 and np.isnan(found.against).all()
    assert found.letters() == ("a", "a", "a")


def test_many_t_tests_at_once_are_those_one_by_one():
    columns = np.random.default_rng(1).normal(0, 1, (5, 6)).round(3)
    columns[:, 1] = 0.0
    columns[:, 2] = 0.25
    columns[1:, 3] = NAN
    columns[0, 4] = NAN
    p, statistic = paired.t_tests(columns)
    for at, column in enumerate(columns.T):
        one = paired.t_test(column[np.isfinite(column)])
        expected = (NAN, NAN) if at in (2, 3) else (one.p, one.statistic)
        np.testing.assert_allclose((p[at], statistic[at]), expected)
    assert p[1] == 1.0
