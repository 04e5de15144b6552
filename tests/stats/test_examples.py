import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as theirs

from ftbench.metrics import find as metric_of
from ftbench.stats import examples
from ftbench.stats.findings import NoAnswer
from ftbench.tasks import find
from ftbench.training import evaluation

NUMBERS = ("pearson", "spearman")
METRICS = ("accuracy", "accuracy_label1", "f1", "matthews", *NUMBERS)


def scored(metric, predicted, labels):
    """What a run would be scored with: rows one by one, by the code that writes scores."""
    task = find("stsb" if metric in NUMBERS else "rte")
    logits = predicted[:, None] if metric in NUMBERS else np.eye(2)[predicted.astype(int)]
    return evaluation.scored(task, logits.astype(np.float32), labels)[metric]


def runs(metric, n, seed=0):
    """Two runs' predictions, and the labels; numbers with ties."""
    rng = np.random.default_rng(seed)
    if metric in NUMBERS:
        labels = np.round(rng.normal(size=n), 1)
        return *(np.round(labels + width * rng.normal(size=n), 1) for width in (0.8, 1.0)), labels
    labels = (rng.random(n) < 0.4).astype(float)
    return *(np.where(rng.random(n) < share, 1 - labels, labels) for share in (0.2, 0.3)), labels


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


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_of_samples_are_the_scores_of_their_rows(metric):
    left, _, labels = runs(metric, 40)
    rng = np.random.default_rng(1)
    drawn = [rng.integers(40, size=40) for _ in range(25)] + [np.repeat([3, 7], 20), np.full(40, 5)]
    times = np.array([np.bincount(rows, minlength=40) for rows in drawn])
    wanted = [scored(metric, left[rows], labels[rows]) for rows in drawn[:-1]]
    found = metric_of(metric).resampled(left, labels, times)
    assert found[:-1] == pytest.approx(wanted, abs=1e-6)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("metric", METRICS)
def test_bootstrap_is_that_of_a_loop_over_drawn_rows(metric):
    left, right, labels = runs(metric, 120)
    rng = np.random.default_rng(2)
    slow = []
    for _ in range(1500):
        rows = rng.integers(120, size=120)
        slow.append(scored(metric, left[rows], labels[rows]) - scored(metric, right[rows], labels[rows]))
    found = examples.bootstrap(left, right, labels, metric_of(metric).resampled, resamples=20_000)
    difference = scored(metric, left, labels) - scored(metric, right, labels)
    assert found.value == pytest.approx(difference, abs=1e-6)
    assert [found.low, found.high] == pytest.approx(
        np.quantile(slow, [0.025, 0.975]), abs=0.25 * np.std(slow)
    )
    assert found.low < np.mean(slow) < found.high


@pytest.mark.parametrize("metric", METRICS)
def test_a_constant_run_scores_as_it_does_in_the_tables(metric):
    left, _, labels = runs(metric, 50)
    for constant in (np.zeros(50), np.ones(50)):
        found = examples.bootstrap(left, constant, labels, metric_of(metric).resampled)
        wanted = scored(metric, left, labels) - scored(metric, constant, labels)
        assert found.value == pytest.approx(wanted, abs=1e-6) and found.low <= found.value <= found.high


def test_bootstrap_of_many_classes_needs_no_more_than_accuracy():
    labels = np.array([0.0, 1.0, 2.0, 2.0] * 25)
    left, right = labels.copy(), np.where(labels == 2, 0.0, labels)
    found = examples.bootstrap(left, right, labels, metric_of("accuracy").resampled)
    assert found.value == 0.5 and found.high - found.low == pytest.approx(0.196, abs=0.02)


@pytest.mark.parametrize("metric", METRICS)
def test_bootstrap_draws_a_part_at_a_time(metric, monkeypatch):
    """However many rows are drawn at once, the distribution is the same."""
    left, right, labels = runs(metric, 60)
    whole = examples.bootstrap(left, right, labels, metric_of(metric).resampled, resamples=5000)
    monkeypatch.setattr(examples, "AT_ONCE", 30)  # fewer than there are kinds of number
    parts = examples.bootstrap(left, right, labels, metric_of(metric).resampled, resamples=5000)
    assert [parts.low, parts.high] == pytest.approx(
        [whole.low, whole.high], abs=0.1 * (whole.high - whole.low)
    )
    assert parts.value == whole.value


def test_bootstrap_of_accuracy_has_the_spread_of_its_formula():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400).astype(float)
    left = np.where(rng.random(400) < 0.8, labels, 1 - labels)
    right = np.where(rng.random(400) < 0.7, labels, 1 - labels)
    found = examples.bootstrap(left, right, labels, metric_of("accuracy").resampled, resamples=4000)
    each = (left == labels).astype(float) - (right == labels)  # the difference in accuracy is their mean
    half = 1.96 * each.std() / 20
    assert found.value == pytest.approx(each.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.06)


def test_bootstrap_draws_the_same_examples_for_both():
    labels = np.array([0.0, 1.0, 1.0, 0.0])
    right = np.array([1.0, 1.0, 0.0, 0.0])
    twins = examples.bootstrap(right, right.copy(), labels, metric_of("accuracy").resampled)
    assert (twins.low, twins.high) == (0.0, 0.0)
    assert examples.bootstrap(labels[:1], labels[:1], labels[:1], metric_of("accuracy").resampled).needs == 2
