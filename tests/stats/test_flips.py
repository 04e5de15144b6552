import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ftbench.stats import flips

NAN = math.nan
NONE = np.zeros(1, dtype=np.int64)


def pools(count):
    return np.arange(count)


def by_hand(differences, shared):
    """Every way of turning whole seeds, the plain way."""
    centred = differences - np.nanmean(differences, axis=0)

    def largest(turned):
        values, spread = differences * turned, (centred * turned)
        floor = np.nanvar(spread, axis=0, ddof=1)
        floor = np.full_like(floor, floor.mean()) if shared else floor
        n = np.isfinite(values).sum(axis=0)
        variance = np.maximum(np.nanvar(values, axis=0, ddof=1), floor)
        return np.abs(np.nanmean(values, axis=0)) / np.sqrt(variance / n)

    ways = [np.array(turned)[:, None] for turned in itertools.product((1, -1), repeat=len(differences))]
    found = np.array([largest(way).max() for way in ways])
    return np.array([(found >= one - 1e-9).mean() for one in largest(ways[0])])


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("n", [3, 6, 8])
def test_p_is_the_share_of_all_ways_with_a_larger_statistic(n, shared):
    differences = np.random.default_rng(n).normal(0.5, 1, (n, 4))
    given = np.zeros(4, dtype=np.int64) if shared else pools(4)
    np.testing.assert_allclose(flips.max_t(differences, given), by_hand(differences, shared))


def test_seeds_that_a_comparison_lacks_do_not_count():
    differences = np.random.default_rng(0).normal(0.5, 1, (6, 3))
    differences[0, 1] = differences[4, 2] = NAN
    np.testing.assert_allclose(flips.max_t(differences, pools(3)), by_hand(differences, False))


def test_one_comparison_is_the_sign_flip_test_of_scipy():
    differences = np.random.default_rng(2).normal(0.6, 1, (9, 1))
    found = stats.permutation_test(
        (differences[:, 0],),
        lambda x: abs(x.mean()),
        permutation_type="samples",
        n_resamples=10**4,
        alternative="greater",
        vectorized=False,
    )
    assert flips.max_t(differences, NONE)[0] == pytest.approx(found.pvalue)


def test_ties_count_as_large():
    assert flips.max_t(np.array([[1.0], [1.0], [-1.0]]), NONE)[0] == 1.0
    assert flips.max_t(np.zeros((4, 1)), NONE)[0] == 1.0


def test_fewer_than_two_seeds_have_no_p():
    found = flips.max_t(np.array([[1.0, 1.0], [NAN, 2.0], [NAN, 1.5]]), pools(2))
    assert math.isnan(found[0]) and found[1] == 0.25
    assert np.isnan(flips.max_t(np.empty((0, 2)), pools(2))).all()


def test_smallest_p_is_two_of_all_ways():
    assert flips.max_t(np.array([[1.0], [1.1], [0.9], [1.2]]), NONE)[0] == 2 / 2**4


def test_drawn_ways_are_near_all_of_them():
    differences = np.random.default_rng(3).normal(0.35, 1, (13, 2))
    found, given = flips.max_t(differences, pools(2)), by_hand(differences, False)
    np.testing.assert_allclose(found, given, atol=4 * math.sqrt(0.25 / flips.WAYS))
    np.testing.assert_array_equal(found, flips.max_t(differences, pools(2)))


def test_blocks_of_ways_change_nothing(monkeypatch):
    differences = np.random.default_rng(4).normal(0.5, 1, (8, 5))
    whole = flips.max_t(differences, pools(5))
    monkeypatch.setattr(flips, "_AT_ONCE", 35)
    np.testing.assert_array_equal(whole, flips.max_t(differences, pools(5)))


def test_comparisons_that_go_together_cost_less_than_holm():
    one = np.random.default_rng(5).normal(0.9, 1, (9, 1))
    same = np.repeat(one, 5, axis=1)
    np.testing.assert_allclose(flips.max_t(same, pools(5)), flips.max_t(one, NONE)[0])


def test_unstudentised_compares_means():
    signs = np.array([[0.5, 0.5], [0.5, -0.5], [0.5, 0.5], [0.5, 0.0], [0.5, 0.5]])
    found = flips.max_t(signs, NONE.repeat(2), studentised=False)
    ways = [
        abs((signs * np.array(turn)[:, None]).mean(axis=0)).max()
        for turn in itertools.product((1, -1), repeat=5)
    ]
    assert found[0] == np.mean(np.array(ways) >= 0.5 - 1e-12)


def test_a_true_difference_elsewhere_lets_no_other_one_pass():
    rng, hits = np.random.default_rng(6), 0
    for _ in range(200):
        differences = rng.normal(0, 1, (8, 5))
        differences[:, 0] += 20
        hits += (flips.max_t(differences, np.zeros(5, dtype=np.int64))[1:] < 0.05).any()
    assert hits <= 200 * (0.05 + 2 * math.sqrt(0.05 * 0.95 / 200))
