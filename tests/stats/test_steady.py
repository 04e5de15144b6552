import math

import numpy as np
import pytest
from scipy import stats

from ftbench.stats import steady

NAN = math.nan


def means(differences, pools=None):
    differences = np.asarray(differences, dtype=float)
    used = np.isfinite(differences).any(axis=1)
    return steady.means(
        differences, used, np.arange(len(differences)) if pools is None else np.asarray(pools)
    )


def test_one_task_by_itself_is_the_paired_t_test():
    differences = np.random.default_rng(0).normal(0.3, 1, (3, 6, 1))
    found = means(differences)
    for at in range(3):
        known = stats.ttest_1samp(differences[at, :, 0], 0)
        low, high = known.confidence_interval()
        assert found.p[at] == pytest.approx(known.pvalue) and found.df[at] == 5
        np.testing.assert_allclose([end[at] for end in found.interval()], [low, high])


def test_tasks_add_up_as_in_the_test_of_satterthwaite():
    # Two tasks: the variance of the mean is (s1² + s2²) / (4 n), as in Welch's test of two samples.
    one, other = np.random.default_rng(1).normal(0, 1, (2, 8)) * np.array([[1.0], [3.0]])
    one = (
        one - np.cov(one, other)[0, 1] / np.var(other, ddof=1) * other
    )  # not correlated, so nothing is pooled
    found = means(np.stack([one, other], axis=1)[None])
    welch = stats.ttest_ind(one, -other, equal_var=False)
    assert found.p[0] == pytest.approx(welch.pvalue) and found.df[0] == pytest.approx(welch.df)


def test_tasks_that_vary_together_are_not_taken_for_independent():
    values = np.random.default_rng(2).normal(0.3, 1, 6)
    found = means(np.stack([values] * 4, axis=1)[None])
    assert found.error[0] == pytest.approx(values.std(ddof=1) / math.sqrt(6))


def test_spread_is_at_least_the_mean_of_the_pool():
    differences = np.random.default_rng(3).normal(0.5, 1, (4, 6, 1)) * np.array([1, 1, 1, 9])[:, None, None]
    variances = differences.var(axis=1, ddof=1)[:, 0]
    found = means(differences, [0, 0, 0, 0])
    expected = np.sqrt(np.maximum(variances, variances.mean()) / 6)
    np.testing.assert_allclose(found.error, expected)
    assert (means(differences).error[:3] < found.error[:3]).all()
    np.testing.assert_allclose(means(differences, [0, 0, 0, 1]).error[3], means(differences).error[3])


def test_interval_leaves_zero_out_where_p_is_below_5_percent():
    found = means(np.random.default_rng(4).normal(0.5, 1, (200, 5, 3)), [0] * 200)
    low, high = found.interval()
    np.testing.assert_array_equal((low > 0) | (high < 0), found.p < 0.05)
    assert 20 < (found.p < 0.05).sum() < 180


def test_seeds_without_every_task_do_not_count():
    differences = np.random.default_rng(5).normal(0.5, 1, (1, 7, 2))
    differences[0, 2, 1] = NAN
    whole = np.delete(differences, 2, axis=1)
    np.testing.assert_allclose(means(differences).p, means(whole).p)
    assert means(differences).n[0] == 6


def test_tasks_that_are_not_used_do_not_count():
    differences = np.random.default_rng(6).normal(0.5, 1, (1, 5, 2))
    lacking = np.concatenate([differences, np.full((1, 5, 1), NAN)], axis=2)
    np.testing.assert_allclose(means(lacking).p, means(differences).p)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_seeds_have_no_answer(n):
    found = means(np.ones((1, n, 2)))
    assert math.isnan(found.p[0]) and found.n[0] == n


def test_equal_differences_have_no_answer_and_zeros_a_p_of_one():
    found = means([[[0.0]] * 4, [[0.25]] * 4])
    assert found.p[0] == 1.0 and math.isnan(found.p[1])
    assert [end[0] for end in found.interval()] == [0.0, 0.0]
