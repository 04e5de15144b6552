"""Telling methods from the best of a column: against scipy's t-tests, and how often an equal one is told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ftbench.stats.best import apart_from_best

ONE = np.array([True])


def test_two_methods_have_the_paired_t_tests_p():
    rng = np.random.default_rng(0)
    scores = rng.normal(0.7, 0.02, (2, 7, 1))
    best = int(scores.mean(axis=(1, 2)).argmax())
    p = apart_from_best(scores, ONE, best)
    assert np.isnan(p[best])
    assert p[1 - best] == pytest.approx(stats.ttest_rel(scores[0, :, 0], scores[1, :, 0]).pvalue)


def test_the_correction_is_over_all_pairs_and_the_spread_no_smaller_than_the_columns():
    base = np.array([0.0, 0.01, 0.02, 0.03])
    noisy = 0.02 * np.array([1, -1, -1, 1])
    scores = np.stack([0.7 + base, 0.68 + base + noisy, 0.69 + base - 0.001 * np.array([1, -1, 1, -1])])
    apart = scores[0] - scores[1:]
    variances = apart.var(axis=1, ddof=1)
    pooled = variances.mean()
    df = variances.sum() ** 2 / (variances**2 / 3).sum()
    expected = [
        min(1, 3 * 2 * stats.t.sf(mean / np.sqrt(max(own, pooled) / 4), max(df, 3)))
        for mean, own in zip(apart.mean(axis=1), variances, strict=True)
    ]
    assert apart_from_best(scores[:, :, None], ONE, 0)[1:] == pytest.approx(expected)


def test_a_method_that_is_plainly_worse_is_told_by_three_seeds_among_sixty():
    rng = np.random.default_rng(0)
    scores = rng.normal(0.8, 0.01, (60, 3, 1))
    scores[0, :, 0] = 0.55, 0.57, 0.62  # three times as noisy as the others
    assert apart_from_best(scores, ONE, int(scores.mean(axis=(1, 2)).argmax()))[0] < 0.001


def test_seeds_that_only_one_has_do_not_count_and_one_in_common_is_no_test():
    scores = np.array([[0.8, 0.82, 0.81, np.nan], [0.7, 0.71, 0.73, 0.9], [np.nan, np.nan, 0.6, 0.7]])
    p = apart_from_best(scores[:, :, None], ONE, 0)
    assert np.isfinite(p[1]) and np.isnan(p[2])


def test_of_equal_methods_one_is_told_from_the_best_in_less_than_a_twentieth_of_columns():
    rng, told = np.random.default_rng(0), 0
    for _ in range(400):
        scores = rng.normal(0.7, 0.02, (10, 5, 1))
        told += bool((apart_from_best(scores, ONE, int(scores.mean(axis=(1, 2)).argmax())) < 0.05).any())
    assert told / 400 < 0.05
