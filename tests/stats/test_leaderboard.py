import math

import numpy as np
import pytest
from scipy import stats

from ftbench.stats import leaderboard, paired
from ftbench.stats.leaderboard import against, judge

NAN = math.nan


def table(methods=3, seeds=6, tasks=2, seed=0, gains=()):
    scores = np.random.default_rng(seed).normal(0.7, 0.02, (1, methods, seeds, tasks))
    for at, gain in enumerate(gains):
        scores[:, at] += gain
    return scores


def test_first_question_costs_as_much_as_if_nothing_else_were_asked():
    scores = table(methods=4, gains=(0, 0.05))
    found, alone = judge(scores, 0), against(scores, 0)
    assert found.counts == (3, 6, 3)
    np.testing.assert_allclose(found.averages[0, 1:], np.minimum(1, 3 * alone.means.p[1:]))
    assert found.averages[0, 1] < 0.05


def test_cells_and_pairs_are_not_below_the_average_that_opens_them():
    found = judge(table(methods=4, gains=(0, 0.02, 0.05)), 0)
    assert (found.cells[0, 1:] >= found.averages[0, 1:, None]).all()
    gates = np.minimum(found.averages[0, 1:, None], found.averages[0, None, 1:])
    assert (found.pairs[0][1:, 1:] >= np.where(np.eye(3), 0, gates)).all()


def test_cells_of_a_method_that_is_told_apart_have_half_of_the_level():
    scores = table(methods=3, seeds=5, gains=(0, 0.3))
    found = judge(scores, 0)
    alone = found.second.adjusted.reshape(3, 2)
    np.testing.assert_allclose(found.cells[0, 1], np.minimum(1, 2 * alone[1]))
    np.testing.assert_allclose(judge(scores, 0, grouped=False).cells[0, 1], alone[1])


def test_one_task_is_its_average():
    found = judge(table(tasks=1, gains=(0, 0.1)), 0)
    np.testing.assert_array_equal(found.cells[0, :, 0], found.averages[0])
    assert found.counts == (2, 0, 1)


def test_without_a_baseline_pairs_have_the_whole_level():
    found = judge(table(methods=2, seeds=5), None)
    assert found.counts == (0, 0, 1) and np.isnan(found.cells).all()
    averages = table(methods=2, seeds=5)[0].mean(axis=2)
    apart, spread = averages[0] - averages[1], found.pairs[0, 0, 1]
    assert 0 < spread < 1 and spread == pytest.approx(found.pairs[0, 1, 0])
    assert stats.ttest_1samp(apart, 0).pvalue < 1


def test_tables_of_one_report_are_one_family():
    scores = np.concatenate([table(seed=0), table(seed=1)])
    both, one = judge(scores, 0), judge(scores[:1], 0)
    assert both.counts == (4, 8, 2)
    np.testing.assert_allclose(both.averages[0, 1:], np.minimum(1, 2 * one.averages[0, 1:]))


def test_a_method_that_lacks_a_task_has_no_letter_and_is_compared_where_it_can_be():
    scores = table(methods=4, seeds=10, tasks=3, gains=(0, 0.1, 0.1, 0.0))
    scores[0, 2, :, 1] = NAN
    found = judge(scores, 0)
    assert found.letters(0) == ("a", "b", "", "a") and not found.whole[0, 2]
    assert np.isnan(found.cells[0, 2, 1]) and (found.cells[0, 2, [0, 2]] < 0.05).all()
    assert found.counts == (3, 8, 1)  # the pair that has letters, beside the baseline's


def test_a_method_that_shares_no_seed_with_another_one_has_no_letter():
    scores = table(methods=4, seeds=8)
    scores[0, 2, :4] = scores[0, 3, 4:] = NAN
    found = judge(scores, 0)
    assert found.letters(0) == ("a", "a", "a", "")
    assert np.isnan(found.pairs[0, 2, 3]) and np.isfinite(found.pairs[0, 0, 3])


def test_clear_differences_get_letters_and_others_share_one():
    scores = table(seeds=10, gains=(0.0, 0.001, 0.2))
    assert judge(scores, 0).letters(0) == ("a", "a", "b")


@pytest.mark.parametrize("seeds", [0, 1])
@pytest.mark.parametrize("estimand", ["mean", "probability"])
def test_too_few_seeds_test_nothing(seeds, estimand):
    found = judge(table(seeds=seeds, gains=(0.0, 0.1, 0.2)), 0, estimand=estimand)
    assert found.counts == (0, 0, 0) and np.isnan(found.averages).all() and np.isnan(found.cells).all()
    assert found.letters(0) == ("", "", "")


def test_differences_that_are_all_equal_have_no_test_and_zeros_a_p_of_one():
    scores = np.full((1, 3, 5, 2), 0.7)
    scores[0, 2] += 0.25
    found = judge(scores, 0)
    assert found.averages[0, 1] == 1 and np.isnan(found.averages[0, 2])
    assert found.letters(0) == ("a", "a", "")


@pytest.mark.parametrize("seeds", [2, 3])
def test_two_and_three_seeds_are_tested_by_t(seeds):
    found = judge(table(seeds=seeds, tasks=4), 0)
    assert found.first.test == "t" and np.isfinite(found.averages[0, 1:]).all()


def test_signs_of_seeds_take_over_where_there_are_enough():
    assert judge(table(seeds=7), 0).first.test == "t" and judge(table(seeds=8), 0).first.test == "max-T"


def test_failing_methods_take_away_marks_from_those_that_happened_not_to_fail():
    # Ten methods, nine of which lie a point higher and fall by twenty once in twenty runs: equal means.
    rng = np.random.default_rng(5)
    scores = rng.normal(0.7, 0.01, (1, 10, 5, 4))
    scores[0, 1:] += 0.02
    scores[0, 2:][rng.random((8, 5, 4)) < 0.1] -= 0.2
    alone = judge(scores[:, :2], 0).averages[0, 1]
    assert 9 * alone < 0.05 < judge(scores, 0).averages[0, 1]


def test_probability_counts_who_is_better_and_not_by_how_much():
    scores = table(seeds=10, gains=(0.0, 0.1))
    fallen = scores.copy()
    fallen[0, 1, 0, 0] -= 0.5
    farther = fallen.copy()
    farther[0, 1, 0, 0] -= 0.1
    mean, further = judge(fallen, 0), judge(farther, 0)
    assert mean.averages[0, 1] != further.averages[0, 1]
    one, other = (judge(x, 0, estimand="probability") for x in (fallen, farther))
    np.testing.assert_array_equal(one.averages, other.averages)
    assert one.averages[0, 1] < 0.05


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


def test_nothing_warns_where_runs_are_missing(recwarn):
    scores = table(methods=4, seeds=3, tasks=2)
    scores[0, 1, 0, 0] = scores[0, 2, :, 1] = scores[0, 3] = NAN
    leaderboard.judge(scores, 0)
    assert not recwarn.list
