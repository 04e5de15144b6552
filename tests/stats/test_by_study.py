"""Runs by study: the mean of those that share a choice, over the seeds that all methods have."""

from __future__ import annotations

import numpy as np

from ftbench.stats.by_study import study_means
from ftbench.stats.leaderboard import ALPHA, judge

TURNS = np.array([0, 1, 0, 1])


def test_a_study_is_the_mean_of_its_seeds() -> None:
    scores = np.array([[[0.1], [0.2], [0.3], [0.6]], [[0.0], [0.0], [1.0], [1.0]]])
    assert np.allclose(study_means(scores, TURNS)[:, :, 0], [[0.2, 0.4], [0.5, 0.5]])


def test_a_seed_that_one_method_lacks_counts_for_none() -> None:
    scores = np.array([[[0.1], [0.2], [0.3], [0.6]], [[0.5], [0.5], [np.nan], [np.nan]]])
    assert np.allclose(study_means(scores, TURNS)[:, :, 0], [[0.1, 0.2], [0.5, 0.5]])


def test_a_study_without_a_shared_seed_has_no_mean_and_a_method_without_runs_takes_none() -> None:
    nothing = np.full((4, 1), np.nan)
    scores = np.array([[[0.1], [0.2], [0.3], [0.6]], [[np.nan], [0.5], [np.nan], [0.7]], nothing])
    means = study_means(scores, TURNS)[:, :, 0]
    assert np.isnan(means[:2, 0]).all() and np.allclose(means[:2, 1], [0.4, 0.6]) and np.isnan(means[2]).all()


def test_choices_that_scatter_are_no_difference_of_methods_however_many_seeds_share_them() -> None:
    """Two equal methods, whose searches end apart by two points: with many seeds of few studies."""
    rng, turns, marked = np.random.default_rng(0), np.arange(30) % 3, np.zeros(2)
    for _ in range(100):
        choices = rng.normal(0.0, 0.02, (2, 3, 1))
        runs = 0.7 + choices[:, turns] + rng.normal(0.0, 0.005, (2, 30, 1))
        judged = [judge(one[None], 0).averages[0, 1] < ALPHA for one in (runs, study_means(runs, turns))]
        marked += judged
    assert marked[0] > 50 and marked[1] <= 10
