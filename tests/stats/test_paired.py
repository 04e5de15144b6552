import math

import numpy as np
import pytest
from scipy import stats

from ftbench.stats import paired
from ftbench.stats.findings import Interval, NoAnswer, Significance

NAN = math.nan
# Sleep gained with two drugs (Student 1908), R's `sleep`: t.test(paired = TRUE) gives t = -4.0621, df 9,
# p-value = 0.002833, 95 percent interval -2.4598858 to -0.7001142, mean of the differences -1.58.
SLEEP = np.array([-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4])
TESTS = (paired.t_test, paired.wilcoxon, paired.sign_flip)


def by_hand(pairs):
    """The two-sided p of all 2^n signs, one by one."""
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(pairs))).reshape(len(pairs), -1).T
    sums = np.abs((signs * pairs).sum(axis=1))
    return float((sums >= abs(pairs.sum()) - 1e-12).mean())


def test_t_test_and_interval_are_those_of_r():
    found, interval = paired.t_test(SLEEP), paired.t_interval(SLEEP)
    assert found.statistic == pytest.approx(-4.0621, abs=5e-5)
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert (interval.value, interval.kind) == (pytest.approx(-1.58), "t")
    assert (interval.low, interval.high) == (pytest.approx(-2.4598858), pytest.approx(-0.7001142))


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
def test_t_test_equals_scipys_on_random_pairs(n):
    rng = np.random.default_rng(n)
    left, right = rng.normal(0.7, 0.02, n), rng.normal(0.69, 0.03, n)
    found, theirs = paired.t_test(paired.differences(left, right)), stats.ttest_rel(left, right)
    assert (found.p, found.statistic) == (pytest.approx(theirs.pvalue), pytest.approx(theirs.statistic))


@pytest.mark.parametrize("n", [2, 3, 6, 11])
def test_sign_flip_goes_through_every_sign(n):
    pairs = np.random.default_rng(n).normal(0.4, 1, n)
    assert paired.sign_flip(pairs).p == pytest.approx(by_hand(pairs))


def test_sign_flip_of_drawn_signs_is_scipys_but_for_the_draw():
    pairs = np.round(np.random.default_rng(5).normal(0.15, 1, 30), 1)  # with ties
    wanted = stats.permutation_test(
        (pairs,), np.mean, permutation_type="samples", vectorized=True, n_resamples=2**16, rng=1
    )
    assert 0.1 < wanted.pvalue < 0.9
    assert paired.sign_flip(pairs).p == pytest.approx(wanted.pvalue, abs=0.01)
    assert paired.sign_flip(np.full(30, 0.3)).p == pytest.approx(2 / (1 + 2**16))
    assert paired.sign_flip(np.tile([0.2, -0.2], 15)).p == 1.0


def test_sign_flip_of_many_pairs_is_drawn_and_close_to_the_t_test():
    pairs = np.random.default_rng(3).normal(0.3, 1, 40)
    assert paired.sign_flip(pairs).p == pytest.approx(paired.t_test(pairs).p, rel=0.15)
    assert paired.sign_flip(pairs).p == paired.sign_flip(pairs).p


@pytest.mark.parametrize(
    "pairs",
    [
        [0.3, -0.1, 0.4, 0.2, 0.7, -0.25],
        [0.1, 0.1, -0.1, 0.2, 0.2, 0.3],
        [0.0, 0.1, 0.0, -0.2, 0.3, 0.4, 0.5],
        [0.0, 0.0, 0.1, 0.2, 0.3, 0.4, -0.5],  # 0.625 where zeros are left out before ranking
    ],
    ids=["plain", "ties", "zeros", "Pratt's zeros"],
)
def test_wilcoxon_is_the_sign_flip_of_the_ranks(pairs):
    pairs = np.array(pairs)
    ranks = np.sign(pairs) * stats.rankdata(np.abs(pairs))  # Pratt: zeros are ranked, and then have no sign
    assert paired.wilcoxon(pairs).p == pytest.approx(by_hand(ranks))


def test_smallest_p_is_reached_where_all_signs_agree():
    for n in range(2, 8):
        pairs = np.arange(1.0, n + 1)
        assert paired.sign_flip(pairs).p == pytest.approx(paired.smallest_p(pairs))
        assert paired.wilcoxon(pairs).p == pytest.approx(paired.smallest_p(pairs))
    assert [paired.smallest_p(np.ones(n)) for n in (3, 5, 6)] == [0.25, 0.0625, 0.03125]
    assert paired.smallest_p(np.array([0.1, 0.0, 0.2])) == 0.5
    assert paired.smallest_p(np.array([])) == 1.0


def test_missing_runs_are_dropped_pair_by_pair():
    left, right = np.array([0.7, NAN, 0.9, 0.8]), np.array([0.6, 0.5, NAN, 0.6])
    assert paired.differences(left, right).tolist() == [0.1, 0.2]


def test_differences_equal_but_for_the_last_bits_are_ties():
    pairs = paired.differences(np.array([0.7, 0.8, 0.9]), np.array([0.6, 0.7, 0.8]))
    assert len(set(pairs.tolist())) == 1
    assert isinstance(paired.t_test(pairs), NoAnswer)


@pytest.mark.parametrize("n", [2, 3, 25])
def test_no_difference_at_all_has_p_1(n):
    for test in TESTS:
        assert test(np.zeros(n)).p == 1.0


def test_equal_differences_have_no_t_test_and_no_g():
    for find in (paired.t_test, paired.hedges_g):
        assert str(find(np.full(4, 0.01))) == "all differences are equal"
    interval = paired.t_interval(np.full(25, 0.01))
    assert (interval.low, interval.high) == (pytest.approx(0.01), pytest.approx(0.01))


@pytest.mark.parametrize(
    ("find", "n", "needs"),
    [
        (paired.t_test, 1, 2),
        (paired.t_interval, 1, 2),
        (paired.hedges_g, 2, 3),
        (paired.wilcoxon, 1, 2),
        (paired.sign_flip, 1, 2),
        (paired.superiority, 0, 1),
    ],
)
def test_too_few_pairs_say_how_many_are_needed(find, n, needs):
    found = find(np.arange(1.0, n + 1))
    assert (found.n, found.needs) == (n, needs)
    assert str(found) == f"too few pairs: needs {needs}, has {n}"


@pytest.mark.parametrize("n", [2, 3, 20, 60])
def test_the_interval_leaves_zero_out_exactly_where_the_test_says_so(n):
    rng = np.random.default_rng(n)
    for shift in np.linspace(0, 2, 9):
        pairs = rng.exponential(1.0, n) - 1 + shift
        wanted = stats.ttest_1samp(pairs, 0.0).confidence_interval(0.9)
        found = paired.t_interval(pairs, level=0.9)
        assert (found.low, found.high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))
        assert (found.low > 0 or found.high < 0) == (paired.t_test(pairs).p < 0.1)


@pytest.mark.parametrize("pairs", [SLEEP, -SLEEP, 0.1 * SLEEP + 0.2, SLEEP - 4.0])
def test_hedges_g_is_corrected_by_hand_and_its_interval_inverts_the_noncentral_t(pairs):
    found = paired.hedges_g(pairs)
    d = pairs.mean() / pairs.std(ddof=1)
    assert found.value == pytest.approx(d * (1 - 3 / (4 * 9 - 1)), rel=2e-3)  # the usual approximation
    factor = found.value / d
    statistic = d * math.sqrt(10)
    for end, share in ((found.low, 0.975), (found.high, 0.025)):
        assert stats.nct.cdf(statistic, 9, end / factor * math.sqrt(10)) == pytest.approx(share, abs=1e-6)


def test_hedges_g_is_unbiased_at_five_pairs():
    rng = np.random.default_rng(5)
    drawn = [paired.hedges_g(pairs, 0.5).value for pairs in rng.normal(0.8, 1.0, (1500, 5))]
    assert np.mean(drawn) == pytest.approx(0.8, abs=0.05)  # without the correction: 1.0


@pytest.mark.parametrize("scale", [1e-6, -1.0])
def test_hedges_g_of_a_huge_effect_has_finite_ends(scale):
    found = paired.hedges_g(scale * np.array([1.0, 1.0001, 0.9999, 1.0]))
    assert isinstance(found, Interval) and found.low < found.value < found.high
    assert math.isfinite(found.low) and math.isfinite(found.high) and found.low * found.high > 0


def test_superiority_counts_ties_half():
    assert paired.superiority(np.array([0.1, 0.0, -0.2, 0.3])) == 0.625


def test_tests_name_their_pairs():
    for test in TESTS:
        found = test(SLEEP)
        assert isinstance(found, Significance) and found.n == 10
