"""The expected best of n draws, against all orders of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ftbench.stats.best_of import expected_best, share_near_best


@pytest.mark.parametrize("scores", [[0.3], [0.1, 0.9], [0.5, 0.2, 0.2, 0.9, 0.1, 0.7], [0.4] * 5])
def test_it_is_the_mean_over_all_orders(scores: list[float]) -> None:
    orders = np.array(list(itertools.permutations(scores)))
    brute = np.maximum.accumulate(orders, axis=1).mean(axis=0)
    assert np.allclose(expected_best(np.array(scores)), brute, atol=1e-14)


def test_it_begins_with_the_mean_ends_with_the_best_and_rises() -> None:
    scores = np.random.default_rng(0).normal(size=1000)
    found = expected_best(scores)
    assert found[0] == pytest.approx(scores.mean()) and found[-1] == pytest.approx(scores.max())
    assert (np.diff(found) > 0).all()


def test_draws_within_a_point_of_the_best_are_counted() -> None:
    assert share_near_best(np.array([0.9, 0.89, 0.889, 0.2]), 0.01) == 0.5
