"""Each metric beside another implementation: scikit-learn, scipy, or the definition in a loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from ftbench import metrics

learn = pytest.importorskip("sklearn.metrics")


def drawn(seed: int, rows: int = 200, classes: int = 3, parts: int = 4):
    """Logits with ties, multiples of 1/parts, and labels that they tell something of."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    logits = rng.normal(size=(rows, classes)) + 1.2 * np.eye(classes)[labels]
    return np.round(parts * logits) / parts, labels.astype(float)


def ece(logits, labels, bins=15):
    """Row by row, as it is defined."""
    p = special.softmax(logits, axis=1)
    sure = [round(float(one.max()), 12) for one in p]
    n, gaps = len(sure), {}
    for row in range(n):
        lower = sum(other < sure[row] for other in sure)
        right = float(p[row].argmax() == labels[row])
        at = bins * lower // n
        gaps[at] = gaps.get(at, 0.0) + right - sure[row]
    return sum(abs(gap) for gap in gaps.values()) / n


def aurc(logits, labels, orders=1, seed=0):
    """The mean risk over all coverages, equal rows in random orders."""
    p = special.softmax(logits, axis=1)
    sure, wrong = np.round(p.max(axis=1), 12), (p.argmax(axis=1) != labels).astype(float)
    rng, found = np.random.default_rng(seed), []
    for _ in range(orders):
        order = np.lexsort((rng.random(len(sure)), -sure))
        found.append((np.cumsum(wrong[order]) / np.arange(1, len(sure) + 1)).mean())
    return float(np.mean(found))


def p_of(logits):
    return special.softmax(logits, axis=1)


def rest(score, logits, labels):
    """The mean of one class against the rest."""
    classes = [c for c in range(logits.shape[1]) if 0 < (labels == c).sum() < len(labels)]
    return float(np.mean([score(labels == c, np.round(p_of(logits)[:, c], 12)) for c in classes]))


OTHERS = {
    "accuracy": lambda z, y: learn.accuracy_score(y, z.argmax(1)),
    "macro_f1": lambda z, y: learn.f1_score(y, z.argmax(1), average="macro", zero_division=0),
    "weighted_f1": lambda z, y: learn.f1_score(y, z.argmax(1), average="weighted", zero_division=0),
    "balanced_accuracy": lambda z, y: learn.recall_score(
        y, z.argmax(1), average="macro", labels=np.unique(y)
    ),
    "auroc": lambda z, y: rest(learn.roc_auc_score, z, y),
    "average_precision": lambda z, y: rest(learn.average_precision_score, z, y),
    "nll": lambda z, y: learn.log_loss(y, p_of(z), labels=range(z.shape[1])),
    "brier": lambda z, y: float(((p_of(z) - np.eye(z.shape[1])[y.astype(int)]) ** 2).sum(1).mean()),
    "ece": ece,
}


@pytest.mark.parametrize("metric", OTHERS)
@pytest.mark.parametrize(("rows", "classes"), [(200, 3), (40, 5), (7, 4), (1, 3)])
def test_a_metric_is_that_of_others(metric, rows, classes):
    for seed in range(3):
        logits, labels = drawn(seed, rows, classes)
        if rows == 1 and metric in ("auroc", "average_precision"):
            continue  # the others have none
        assert metrics.find(metric).score(logits, labels) == pytest.approx(OTHERS[metric](logits, labels))


@pytest.mark.parametrize("seed", range(3))
def test_of_two_classes_ranks_are_of_class_1(seed):
    logits, labels = drawn(seed, 90, 2)
    sure = logits[:, 1] - logits[:, 0]
    assert metrics.find("auroc").score(logits, labels) == pytest.approx(learn.roc_auc_score(labels, sure))
    wanted = learn.average_precision_score(labels, sure)
    assert metrics.find("average_precision").score(logits, labels) == pytest.approx(wanted)
    assert metrics.find("brier").score(logits, labels) == pytest.approx(
        2 * learn.brier_score_loss(labels, special.expit(sure))
    )
    assert metrics.find("f1").score(logits, labels) == pytest.approx(learn.f1_score(labels, logits.argmax(1)))
    assert metrics.find("matthews").score(logits, labels) == pytest.approx(
        learn.matthews_corrcoef(labels, logits.argmax(1))
    )


def test_aurc_is_that_of_a_loop_and_of_equal_rows_the_mean_over_their_orders():
    logits, labels = drawn(0, 150, 3, 2**30)
    assert metrics.find("aurc").score(logits, labels) == pytest.approx(aurc(logits, labels))
    logits, labels = drawn(1, 30, 2, 1)
    assert metrics.find("aurc").score(logits, labels) == pytest.approx(
        aurc(logits, labels, orders=4000), abs=0.003
    )


@pytest.mark.parametrize("seed", range(3))
def test_metrics_of_numbers_are_those_of_others(seed):
    rng = np.random.default_rng(seed)
    labels = np.round(rng.normal(size=60), 1)
    logits = np.round(labels + rng.normal(size=60), 1)[:, None]
    found = {
        one.name(): one.score(logits, labels) for one in metrics.usable() if one.kinds == ("regression",)
    }
    apart = logits[:, 0] - labels
    assert found == pytest.approx(
        {
            "kendall": stats.kendalltau(logits[:, 0], labels).statistic,
            "mae": float(np.abs(apart).mean()),
            "mse": float((apart**2).mean()),
            "pearson": stats.pearsonr(logits[:, 0], labels).statistic,
            "rmse": math.sqrt((apart**2).mean()),
            "spearman": stats.spearmanr(logits[:, 0], labels).statistic,
        }
    )


PLAIN = [one.name() for one in metrics.usable() if {"classification", "regression"} & set(one.kinds)]


@pytest.mark.parametrize("metric", PLAIN)
def test_a_sample_is_scored_as_its_rows(metric):
    one = metrics.find(metric)
    rng = np.random.default_rng(0)
    if one.kinds == ("regression",):
        labels = np.round(rng.normal(size=40), 1)
        logits = np.round(labels + rng.normal(size=40), 1)[:, None]
    else:
        logits, labels = drawn(3, 40, one.classes or 3)
    rows = [rng.integers(40, size=40) for _ in range(20)] + [np.repeat([3, 7], 20), np.full(40, 5)]
    times = np.array([np.bincount(some, minlength=40) for some in rows])
    found = one.resampled(one.seen(logits), labels, times)
    wanted = np.nan_to_num([one.score(logits[some], labels[some]) for some in rows])
    assert np.isfinite(found).all()
    assert found == pytest.approx(wanted, abs=1e-9)


EVEN = np.zeros((12, 3)), np.array([0.0, 1.0, 2.0] * 4)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("ece", 0.0),
        ("aurc", 2 / 3),
        ("brier", 2 / 3),
        ("nll", math.log(3)),
        ("auroc", 0.5),
        ("average_precision", 1 / 3),
        ("accuracy", 1 / 3),
        ("balanced_accuracy", 1 / 3),
        ("macro_f1", 1 / 6),
    ],
)
def test_of_equal_scores_nothing_is_told_apart(metric, value):
    assert metrics.find(metric).score(*EVEN) == pytest.approx(value)


def test_a_class_without_rows_is_left_out_or_counted_where_it_is_answered():
    logits = np.array([[3.0, 0, 0], [0, 3.0, 0], [0, 3.0, 0], [3.0, 0, 0]])
    labels = np.array([0.0, 1.0, 1.0, 1.0])
    found = {name: metrics.find(name).score(logits, labels) for name in ("macro_f1", "balanced_accuracy")}
    assert found == pytest.approx({"macro_f1": (2 / 3 + 4 / 5) / 2, "balanced_accuracy": (1 + 2 / 3) / 2})
    logits[3] = [0, 0, 3.0]  # class 2 is answered, and has no row: its F1 is 0
    assert metrics.find("macro_f1").score(logits, labels) == pytest.approx((1 + 4 / 5 + 0) / 3)
    assert metrics.find("auroc").score(logits, np.ones(4)) == 0.5
    assert math.isnan(metrics.find("accuracy_label1").score(logits, np.zeros(4)))


def test_one_row_that_is_wrong_for_certain():
    logits, labels = np.array([[40.0, -40.0]]), np.array([1.0])
    found = {m: metrics.find(m).score(logits, labels) for m in ("ece", "brier", "aurc", "nll", "accuracy")}
    assert found == pytest.approx({"ece": 1, "brier": 2, "aurc": 1, "nll": 80, "accuracy": 0})


def test_probabilities_that_are_1_in_their_digits_are_still_in_order():
    logits = np.array([[0.0, 60.0], [0.0, 50.0], [0.0, 40.0], [0.0, 45.0]])
    assert metrics.find("auroc").score(logits, np.array([1.0, 1.0, 0.0, 0.0])) == 1.0
