"""Statistics over several tasks, against values of their authors' packages on the same numbers."""

import math

import numpy as np
import pytest
from scipy import stats

from ftbench.stats import bayes, dominance, pooled, ranks
from ftbench.stats.findings import NoAnswer

NAN = math.nan
LEFT = np.array(
    [
        [0.643, 0.661, 0.645],
        [0.693, 0.662, 0.708],
        [0.705, 0.694, 0.624],
        [0.684, 0.699, 0.703],
        [0.654, 0.686, 0.671],
    ]
)
RIGHT = np.array(
    [
        [0.666, 0.722, 0.666],
        [0.689, 0.717, 0.672],
        [0.687, 0.693, 0.692],
        [0.653, 0.692, 0.731],
        [0.644, 0.716, 0.694],
        [0.671, 0.750, 0.713],
    ]
)
MEANS = np.random.default_rng(6).normal(0.7, 0.03, (14, 4)) + [0.0, 0.04, 0.01, 0.05]


def test_ranks_and_friedman_by_demsars_formulas():
    counted = [[1 + sum(other > one for other in row) for one in row] for row in MEANS]
    average = np.mean(counted, axis=0)
    assert ranks.average_ranks(MEANS) == pytest.approx(average)
    statistic = 12 * 14 / (4 * 5) * ((average**2).sum() - 4 * 5**2 / 4)
    found = ranks.friedman(MEANS)
    assert (found.statistic, found.n) == (pytest.approx(statistic), 14)
    assert found.p == pytest.approx(stats.chi2.sf(statistic, 3))


@pytest.mark.parametrize(
    ("methods", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (7, 2.949), (10, 3.164)]
)
def test_critical_values_are_those_of_demsars_table_5(methods, q):
    scale = math.sqrt(methods * (methods + 1) / (6 * 12))
    assert ranks.critical_difference(12, methods) / scale == pytest.approx(q, abs=1.5e-3)


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.5])
@pytest.mark.parametrize("methods", [2, 7, 50, 300])
def test_the_critical_difference_is_that_of_the_studentized_range(methods, alpha):
    q = stats.studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    expected = q * np.sqrt(methods * (methods + 1) / (6 * 5))
    assert ranks.critical_difference(5, methods, alpha) == pytest.approx(expected, rel=1e-7)


def test_average_ranks_are_those_of_scipy():
    means = np.round(np.random.default_rng(0).normal(size=(6, 9)), 1)  # with ties
    assert ranks.average_ranks(means) == pytest.approx(stats.rankdata(-means, axis=1).mean(axis=0))


def test_nemenyi_tells_apart_from_the_critical_difference():
    p, apart = ranks.nemenyi(MEANS), ranks.average_ranks(MEANS)
    distance = np.abs(apart[:, None] - apart[None, :])
    for alpha in (0.05, 0.1, 0.2):
        assert ((p < alpha) == (distance > ranks.critical_difference(14, 4, alpha))).all()
    assert np.allclose(p, p.T) and (np.diag(p) == 1).all()


def test_wilcoxon_holm_adjusts_scipys_p_of_every_pair():
    means = np.random.default_rng(1).normal(0.7, 0.02, (9, 3)) + [0.0, 0.01, 0.05]
    p = [stats.wilcoxon(means[:, i], means[:, j]).pvalue for i, j in ((0, 1), (0, 2), (1, 2))]
    first, second, third = sorted(p)
    adjusted = sorted(ranks.wilcoxon_holm(means)[np.triu_indices(3, 1)])
    assert adjusted == pytest.approx(
        [3 * first, max(3 * first, 2 * second), max(3 * first, 2 * second, third)]
    )


def test_means_that_differ_in_the_last_bits_share_a_rank():
    assert 0.1 + 0.2 != 0.3
    assert ranks.average_ranks(np.array([[0.1 + 0.2, 0.3, 0.1]])).tolist() == [1.5, 1.5, 3.0]


def test_ranks_share_ties():
    assert ranks.average_ranks(np.array([[0.7, 0.7, 0.6]])).tolist() == [1.5, 1.5, 3.0]


def test_one_task_or_two_methods_have_no_friedman_and_no_pairs():
    one = np.array([[0.7, 0.8, 0.9]])
    assert ranks.friedman(one) == NoAnswer("too few tasks", 1, 2)
    assert ranks.friedman(MEANS[:, :2]) == NoAnswer("too few methods", 2, 3)
    for find in (ranks.nemenyi, ranks.wilcoxon_holm):
        assert find(one) == NoAnswer("too few tasks", 1, 2)
        assert find(MEANS[:, :1]) == NoAnswer("too few methods", 1, 2)


def test_methods_that_are_all_equal_differ_nowhere():
    same = np.full((5, 3), 0.7)
    assert ranks.friedman(same).p == 1.0
    assert (ranks.nemenyi(same) > 0.99).all() and (ranks.wilcoxon_holm(same) == 1).all()


def sampled(x, region, scatter=bayes.SCATTER, size=50_000):
    """The same model by importance sampling: tau and the sigmas from their priors, mu exactly."""
    rng, (n, tasks) = np.random.default_rng(0), x.shape
    tau = scatter * np.abs(rng.standard_cauchy((size, 1)))
    within = x.var(axis=0, ddof=1) * (n - 1) / rng.chisquare(n - 1, (size, tasks)) / n
    precision = 1 / (tau**2 + within)
    centre = (precision * x.mean(axis=0)).sum(axis=1) / precision.sum(axis=1)
    far = ((x.mean(axis=0) - centre[:, None]) ** 2 * precision).sum(axis=1)
    weight = np.exp((np.log(precision).sum(axis=1) - np.log(precision.sum(axis=1)) - far) / 2)
    mu = centre + rng.standard_normal(size) / np.sqrt(precision.sum(axis=1))
    weight /= weight.sum()
    return weight @ (mu > region), weight @ (mu < -region), weight @ mu


@pytest.mark.parametrize(("n", "tasks"), [(2, 2), (3, 4), (10, 8)])
def test_the_hierarchical_test_is_its_model_sampled(n, tasks):
    rng = np.random.default_rng(n)
    x = 0.01 + 0.01 * rng.standard_normal(tasks) + 0.02 * rng.standard_normal((n, tasks))
    found = bayes.hierarchical(x, 0.01)
    assert (found.better, found.worse) == pytest.approx(sampled(x, 0.01)[:2], abs=0.01)
    assert found.mean == pytest.approx(sampled(x, 0.01)[2], abs=0.0005)
    assert found.better + found.same + found.worse == pytest.approx(1)


def test_the_hierarchical_model_gives_the_eight_schools_their_published_answer():
    """Rubin (1981); Gelman et al., Bayesian Data Analysis, section 5.5: mean 8, deviation 5."""
    effects = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
    errors = np.array([15, 10, 16, 11, 9, 11, 10, 18.0])
    places, density = bayes.posterior(effects, errors, np.full(8, 1e6), scatter=25.0, widest=300.0)
    weights = np.gradient(places) * density
    mean = (weights @ places) / weights.sum()
    assert mean == pytest.approx(8, abs=0.3)
    assert math.sqrt(weights @ (places - mean) ** 2 / weights.sum()) == pytest.approx(5, abs=0.3)


def test_few_seeds_that_scatter_are_not_called_the_same():
    rng = np.random.default_rng(0)
    loose = 0.08 * rng.standard_normal((2, 4))
    loose += 0.002 - loose.mean(
        axis=0
    )  # the signed-rank test on such means is certain that they are the same
    assert bayes.hierarchical(loose, 0.01).same < 0.6
    tight = 0.002 + 0.002 * rng.standard_normal((10, 8))
    assert bayes.hierarchical(tight, 0.01).same > 0.99


def test_the_hierarchical_test_turns_with_the_sign_and_needs_two_tasks_two_seeds_and_a_spread():
    rng = np.random.default_rng(2)
    x = rng.normal(0.01, 0.02, (3, 4))
    there, back = bayes.hierarchical(x, 0.01), bayes.hierarchical(-x, 0.01)
    assert (there.better, there.low) == pytest.approx((back.worse, -back.high), abs=1e-9)
    assert bayes.hierarchical(x[:, :1], 0.01) == NoAnswer("too few tasks", 1, 2)
    assert bayes.hierarchical(x[:1], 0.01) == NoAnswer("too few pairs of a task", 1, 2)
    assert str(bayes.hierarchical(np.full((3, 2), 0.01), 0.01)) == "all differences are equal"
    x[:, 0] = x[:, 0].mean()  # a task whose seeds agree is known no better than the others
    assert bayes.hierarchical(x, 0.01).high - bayes.hierarchical(x, 0.01).low > 0.01
    lacking = np.vstack([x, [NAN, 0.01, NAN, NAN]])
    assert isinstance(bayes.hierarchical(lacking, 0.01), bayes.Posterior)


def test_improvement_is_that_of_rliable_and_the_cut_runs_count_in_part():
    # rliable 1.2.0: metrics.probability_of_improvement(LEFT, RIGHT).
    assert pooled.improvement(LEFT, RIGHT).value == pytest.approx(0.3444444444)
    runs = np.sort(LEFT[np.isfinite(LEFT)])
    fine = np.repeat(runs, 4)  # a quarter of the fine runs is a whole number of them
    assert pooled.interquartile_mean(LEFT) == pytest.approx(stats.trim_mean(fine, 0.25))
    assert pooled.iqm_interval(LEFT).value == pooled.interquartile_mean(LEFT)


def test_the_interval_of_the_middle_half_is_the_jackknifes_by_hand():
    scores = np.array([[0.1, 0.5], [0.2, 0.7], [0.4, 0.8]])  # middle half of 6 runs: weights 0, ½, 1, 1, ½, 0
    found = pooled.iqm_interval(scores)
    assert found.value == pytest.approx((0.2 / 2 + 0.4 + 0.5 + 0.7 / 2) / 3)
    without = np.array([(0.4 + 0.7) / 2, (0.4 + 0.5) / 2, (0.2 + 0.5) / 2])  # of 4 runs the inner two
    error = math.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, 2) * error)
    assert (found.n, found.kind) == (3, "jackknife")


def test_runs_that_all_win_leave_room_below_one():
    low, high = np.array([[0.1], [0.2]]), np.array([[0.3], [0.4]])
    found = pooled.improvement(high, low)
    assert (found.value, found.high) == (1.0, 1.0)
    # By hand: 1 - θ = 1.96 √(θ (1 - θ) (1 + (1 - θ)/(2 - θ) + θ/(1 + θ)) / 4)
    theta = found.low
    variance = theta * (1 - theta) * (1 + (1 - theta) / (2 - theta) + theta / (1 + theta)) / 4
    assert 1 - theta == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-5)
    assert pooled.improvement(low, high).high == pytest.approx(1 - theta)


def test_runs_that_are_equal_have_intervals_of_their_own_kind():
    scores = np.tile([[0.5, 0.7, 0.9, 0.95]], (4, 1))
    found = pooled.iqm_interval(scores)
    assert (found.low, found.high) == (pytest.approx(found.value), pytest.approx(found.value))
    assert pooled.improvement(scores, scores).value == 0.5


def test_missing_runs_are_left_out_and_a_task_needs_two():
    more = np.vstack([LEFT, [NAN, NAN, NAN]])
    assert pooled.iqm_interval(more) == pooled.iqm_interval(LEFT)
    assert pooled.iqm_interval(LEFT[:1]) == NoAnswer("too few runs of a task", 1, 2)
    assert pooled.improvement(LEFT, RIGHT[:1]) == NoAnswer("too few runs of a task", 1, 2)


CROSSING = (
    np.array([0.69, 0.705, 0.72, 0.66, 0.71, 0.73, 0.7, 0.65]),
    np.array([0.68, 0.695, 0.7, 0.69, 0.7, 0.705, 0.71]),
)


def test_violation_is_that_of_deep_significance():
    # deepsig 1.2.8: compute_violation_ratio(…, dt=0.00001), which integrates on a grid.
    assert dominance.violation(*CROSSING) == pytest.approx(0.7076546, abs=5e-5)
    assert dominance.violation(*CROSSING[::-1]) == pytest.approx(0.2923162, abs=5e-5)


# deepsig 1.2.8: aso(left, right, num_bootstrap_iterations=50000, dt=0.0001, seed=1). Its quantile function
# was given whole arrays (the same values, 100 times as fast). The standard error of these bounds is about
# 0.0015, of the last one 0.002; with its defaults (1000, 0.005) it is 0.01, and the grid adds up to 0.01.
BOUNDS = {
    "crossing": (*CROSSING[::-1], 0.7917865),
    "ties": ([0.6, 0.6, 0.7, 0.7, 0.8], [0.6, 0.65, 0.65, 0.7, 0.75], 0.9504184),
    "two of each": ([0.6, 0.8], [0.65, 0.7], 0.8417879),
    "unequal n": ([0.62, 0.71, 0.74], [0.6, 0.61, 0.63, 0.66, 0.68, 0.69, 0.7, 0.7, 0.72, 0.75], 0.7454991),
    "no variance": ([0.7, 0.7, 0.7], [0.6, 0.68, 0.72, 0.75], 0.7818934),
    "hardly any violation": (
        [0.704, 0.6935, 0.715, 0.7284, 0.7427, 0.7222, 0.7089, 0.7043, 0.735, 0.7527],
        [0.7155, 0.6853, 0.6908, 0.742, 0.7141, 0.6754, 0.7083, 0.6867, 0.6974, 0.7002],
        0.1567607,
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_almost_stochastic_order_is_that_of_deep_significance(name):
    *runs, bound = BOUNDS[name]
    left, right = map(np.array, runs)
    found = dominance.almost_stochastic_order(left, right, resamples=50_000)
    assert found.high == pytest.approx(bound, abs=0.005)
    # The standard error of what is shown is 0.004.
    assert dominance.almost_stochastic_order(left, right).high == pytest.approx(bound, abs=0.012)


def test_bounds_that_deep_significance_clips_or_that_nothing_varies_in():
    # deepsig 1.2.8, as above: 1.0 for the first three, then 0.5 and 0.0.
    assert dominance.almost_stochastic_order(*CROSSING).high == 1.0
    for name in ("two of each", "no variance"):
        left, right, _ = BOUNDS[name]
        assert dominance.almost_stochastic_order(np.array(right), np.array(left)).high == 1.0
    same, below = np.full(3, 0.7), np.full(2, 0.6)
    assert dominance.almost_stochastic_order(same[:2], same).high == 0.5
    assert dominance.almost_stochastic_order(same, below).high == 0.0


def test_order_of_samples_that_do_not_overlap_or_are_equal():
    low, high = np.array([0.1, 0.2, NAN]), np.array([0.5, 0.6, 0.7])
    assert dominance.almost_stochastic_order(high, low).high == 0.0
    assert dominance.almost_stochastic_order(low, high).low == 1.0
    assert dominance.violation(high, high) == 0.5
    assert dominance.violation(high, np.repeat(high, 7)) == 0.5
    near = dominance.almost_stochastic_order(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.45, 0.5]))
    assert near.low == 0.0 < near.value < near.high <= 1.0
    assert dominance.almost_stochastic_order(low[:1], high) == NoAnswer("too few runs", 1, 2)


@pytest.mark.parametrize(("tasks", "methods", "digits"), [(2, 3, 1), (7, 5, 1), (4, 8, 3)])
def test_friedman_with_ties_is_that_of_scipy(tasks, methods, digits):
    means = np.round(np.random.default_rng(tasks).random((tasks, methods)), digits)
    found, theirs = ranks.friedman(means), stats.friedmanchisquare(*means.T)
    assert (found.p, found.statistic) == (pytest.approx(theirs.pvalue), pytest.approx(theirs.statistic))
