import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as theirs

from ftbench.stats import examples
from ftbench.stats.findings import NoAnswer


def accuracy(predictions, labels):
    return float((predictions == labels).mean())


@pytest.mark.parametrize("seed", range(4))
def test_mcnemar_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    left, right = rng.random((2, 60)) < np.array([[0.8], [0.65]])
    table = [[(left & right).sum(), (left & ~right).sum()], [(~left & right).sum(), (~left & ~right).sum()]]
    found = examples.mcnemar(left, right)
    assert found.p == pytest.approx(theirs(table, exact=True).pvalue)
    assert found.statistic == table[0][1] - table[1][0]


def test_runs_that_agree_everywhere_have_p_1():
    same = np.array([True, False, True])
    assert examples.mcnemar(same, same).p == 1.0
    assert examples.mcnemar(same[:0], same[:0]) == NoAnswer("too few examples", 0, 1)


def test_bootstrap_of_accuracy_has_the_spread_of_its_formula():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400).astype(float)
    left = np.where(rng.random(400) < 0.8, labels, 1 - labels)
    right = np.where(rng.random(400) < 0.7, labels, 1 - labels)
    found = examples.bootstrap(left, right, labels, accuracy, resamples=4000)
    each = (left == labels).astype(float) - (right == labels)  # the difference in accuracy is their mean
    half = 1.96 * each.std() / 20
    assert found.value == pytest.approx(each.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.06)


def test_bootstrap_draws_the_same_examples_for_both():
    labels = np.array([0.0, 1.0, 1.0, 0.0])
    right = np.array([1.0, 1.0, 0.0, 0.0])
    twins = examples.bootstrap(right, right.copy(), labels, accuracy)
    assert (twins.low, twins.high) == (0.0, 0.0)
    assert examples.bootstrap(labels[:1], labels[:1], labels[:1], accuracy).needs == 2
