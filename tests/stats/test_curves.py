import math

import numpy as np
import pytest
from scipy import stats

from ftbench.stats import curves
from ftbench.stats.findings import NoAnswer

NAN = math.nan
RATIOS = np.array([0.0, 0.05, 0.1, 0.15])


def line(intercepts, slopes):
    return np.array(intercepts)[:, None] + np.array(slopes)[:, None] * RATIOS


def test_slope_is_scipys_line_through_each_seed():
    curve = np.random.default_rng(0).normal(0.7, 0.05, (6, 4))
    each = [stats.linregress(RATIOS, one).slope for one in curve]
    assert curves.slopes(RATIOS, curve) == pytest.approx(np.array(each))


def test_area_of_a_line_is_the_score_in_its_middle():
    found = curves.areas(RATIOS, line([0.7, 0.8], [-1.0, 0.0]))
    assert found == pytest.approx(np.array([0.7 - 0.075, 0.8]))
    assert curves.areas(RATIOS, np.array([[0.8, 0.6, 0.6, 0.0]])) == pytest.approx(np.array([1.6 / 3]))


def test_seeds_that_lack_a_ratio_are_left_out():
    curve = line([0.7, 0.8, 0.9], [-1.0, -2.0, -9.0])
    curve[2, 1] = NAN
    assert curves.slopes(RATIOS, curve) == pytest.approx(np.array([-1.0, -2.0]))
    assert len(curves.areas(RATIOS, curve)) == 2 and curves.whole(curve).tolist() == [True, True, False]
    assert curves.crossing(RATIOS, curve[2:], curve[2:]) == NoAnswer("too few pairs", 0, 1)
    assert curves.crossing(RATIOS[:1], curve[:, :1], curve[:, :1]) == NoAnswer("too few ratios", 1, 2)
    assert curves.interaction(RATIOS, curve[1:], 0 * curve[1:]) == NoAnswer("too few pairs", 1, 2)


def test_crossing_by_hand():
    # 0.02 ahead without noise, 0.04 behind at 0.15: zero a third of the way.
    left = line([0.72, 0.72, 0.72], [-0.4, -0.4, -0.4]) + np.array([[-0.001], [0.0], [0.001]])
    found = curves.crossing(RATIOS, left, np.full((3, 4), 0.70))
    assert found.ratio == pytest.approx(0.05)
    # The difference's t interval is ±4.303 × 0.001 / sqrt(3) everywhere, and its slope is 0.4.
    reach = 4.302653 * 0.001 / math.sqrt(3) / 0.4
    assert (found.low, found.high) == pytest.approx((0.05 - reach, 0.05 + reach), abs=2e-4)


def test_a_method_that_stays_above_never_falls_below():
    left = line([0.8, 0.81, 0.82], [-0.1, -0.1, -0.1])
    right = left - 0.3 + np.array([[0.0], [0.001], [-0.001]])
    found = curves.crossing(RATIOS, left, right)
    assert (found.ratio, found.low, found.high) == (None, None, None)
    below = curves.crossing(RATIOS, right, left)  # the other one is below from the start
    assert (below.ratio, below.low, below.high) == (0.0, None, None)


def test_only_falling_counts_as_a_crossing():
    left, right = np.array([[0.6, 0.7, 0.8, 0.6]]), np.full((1, 4), 0.7)
    assert curves.crossing(RATIOS, left, right) == curves.Crossing(0.0, None, None, 1)  # rises above, later
    assert curves.crossing(RATIOS[1:], left[:, 1:], right[:, 1:]).ratio == pytest.approx(0.125)
    touching = np.array([[0.8, 0.7, 0.8, 0.8]])
    assert curves.crossing(RATIOS, touching, right).ratio is None


def test_crossing_at_a_ratio_itself_and_of_equal_curves():
    left = np.array([[0.72, 0.70, 0.69, 0.68], [0.72, 0.70, 0.69, 0.68]])
    assert curves.crossing(RATIOS, left, np.full((2, 4), 0.70)).ratio == pytest.approx(0.05)
    equal = curves.crossing(RATIOS, left, left)
    assert (equal.ratio, equal.low, equal.high) == (None, 0.0, 0.15)


def test_interaction_is_the_t_test_of_the_slopes():
    rng = np.random.default_rng(4)
    left, right = rng.normal(0.7, 0.03, (2, 8, 4))
    slopes = [[stats.linregress(RATIOS, one).slope for one in curve] for curve in (left, right)]
    assert curves.interaction(RATIOS, left, right).p == pytest.approx(stats.ttest_rel(*slopes).pvalue)


def test_rank_flips_count_how_often_the_order_changes():
    before = np.array([[0.9, 0.8], [0.9, 0.8], [0.9, 0.8]])
    assert curves.rank_flips(before, before[:, ::-1]).tolist() == [[0, 1], [1, 0]]
    assert curves.rank_flips(before, before).tolist() == [[0, 0], [0, 0]]
    assert curves.rank_flips(before, np.full((3, 2), 0.5))[0, 1] == 0.5
    assert curves.rank_flips(before[:1], before[:1]) == NoAnswer("too few pairs", 1, 2)


def test_a_flip_is_as_probable_as_the_one_sided_p_of_the_t_test():
    before = np.array([[2.0, 0.0]] * 4)  # always two ahead
    after = np.array([[1.0, 0.0], [1.2, 0.0], [0.9, 0.0], [-0.4, 0.0]])
    p = stats.ttest_1samp(after[:, 0], 0.0, alternative="greater").pvalue
    assert curves.rank_flips(before, after)[0, 1] == pytest.approx(p, abs=0.01)
    three = curves.rank_flips(before[:3], np.array([[1.0, 0.0], [1.2, 0.0], [0.9, 0.0]]))
    assert 0 < three[0, 1] == pytest.approx(stats.t.sf(1.0333333 / (0.1527525 / 3**0.5), 2), abs=0.003)


def test_rank_flips_do_not_depend_on_the_order_of_the_methods():
    rng = np.random.default_rng(0)
    before, after = rng.normal([0.7, 0.71, 0.69], 0.02, (5, 3)), rng.normal([0.7, 0.69, 0.7], 0.02, (5, 3))
    found, turned = curves.rank_flips(before, after), curves.rank_flips(before[:, ::-1], after[:, ::-1])
    np.testing.assert_allclose(found, turned[::-1, ::-1])
    assert curves.rank_flips(before[:, ::-1], before[:, ::-1]).tolist() == np.zeros((3, 3)).tolist()
    gaps = np.stack([before[:, 0] - before[:, 1], after[:, 0] - after[:, 1]])  # both conditions share a draw
    law = stats.multivariate_t(gaps.mean(axis=1), np.cov(gaps) / 5, df=4, seed=1)
    ways = np.sign(law.rvs(20_000)).prod(axis=1)
    assert found[0, 1] == pytest.approx((ways < 0).mean(), abs=0.015)
