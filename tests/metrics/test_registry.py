"""Where metrics are found, what each says of itself, and what a user's own must be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ftbench import metrics, tasks
from ftbench.domain.task import KINDS
from ftbench.errors import PluginError, UnknownName

MINE = """
from ftbench.metrics import Metric

class Right(Metric):
    heading = "right"
    higher = False
    def score(self, logits, labels):
        return float((logits.argmax(1) != labels).mean())
"""


@pytest.mark.parametrize("one", metrics.usable(), ids=lambda one: one.name())
def test_every_metric_says_what_it_is(one):
    assert metrics.find(one.name()).name() == one.name()
    assert one.heading and one.formula and one.edges and set(one.kinds) <= set(KINDS)
    assert one.low < one.high and one.margin > 0
    assert one.percent or one.unit
    guessed = one.chance(3, np.array([0.0, 1.0, 2.0, 2.0]))
    assert guessed is not None and one.low <= guessed <= one.high


def test_a_metric_has_other_names_and_unknown_ones_get_the_nearest():
    assert metrics.find("MCC").name() == "matthews"
    with pytest.raises(UnknownName, match="unknown metric 'eec'; did you mean 'ece'"):
        metrics.find("eec")


def test_a_metric_of_a_file_is_taken_and_one_that_computes_nothing_refused(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    found = metrics.find(str(file))
    assert (found.name(), found.score(np.eye(2), np.array([0.0, 0.0]))) == ("mine", 0.5)
    times = np.array([[1, 1], [2, 0], [0, 2]])
    assert found.resampled(np.eye(2), np.array([0.0, 0.0]), times).tolist() == [0.5, 0.0, 1.0]
    file.write_text("from ftbench.metrics import Metric\nclass Empty(Metric):\n    pass\n")
    with pytest.raises(PluginError, match="mine.py:2: TypeError: Empty has neither score nor resampled"):
        metrics.find(str(file))


def test_a_task_is_scored_by_what_fits_it():
    fit = {
        name: {one.name() for one in metrics.fitting(tasks.find(name))} for name in ("rte", "mnli", "stsb")
    }
    assert fit["rte"] - fit["mnli"] == {"f1", "matthews"}
    assert {"ece", "macro_f1"} <= fit["mnli"] and fit["stsb"] & fit["rte"] == set()
    assert metrics.find("ece").unfit(tasks.find("stsb")) == "it is for classification"
    assert metrics.find("f1").unfit(tasks.find("mnli")) == "it is for 2 classes"


def test_of_a_score_that_nobody_knows_nothing_is_said():
    one = metrics.of_score("bleu")
    assert (one.name(), metrics.heading_of("bleu"), one.margin) == ("bleu", "bleu", 1.0)
    assert metrics.score_bounds("bleu") is None
    assert metrics.score_bounds("f1") == (0.0, 1.0)
    assert metrics.score_bounds("explained") == (-math.inf, 1.0)
    assert one.unfit(tasks.find("rte")) == "it is not installed"


def test_chance_levels_are_those_of_what_tells_nothing_apart():
    labels = np.array([1.0, 1.0, 1.0, 0.0])
    found = {one.name(): one.chance(2, labels) for one in metrics.usable()}
    assert found["average_precision"] == 0.75 and found["auroc"] == found["accuracy"] == 0.5
    assert found["nll"] == pytest.approx(math.log(2))
    assert {found[name] for name in ("ece", "brier", "aurc")} == {0.5}
    assert found["rmse"] == pytest.approx(labels.std()) and found["mae"] == 0.25
    assert metrics.find("rmse").chance(0) is None and metrics.find("ece").chance(0) is None


def test_a_class_is_the_largest_logit_and_a_number_the_only_one():
    logits = np.array([[0.1, 0.9], [2.0, -1.0], [0.5, 0.5]])
    assert metrics.find("accuracy").seen(logits).tolist() == [1.0, 0.0, 0.0]
    assert metrics.find("pearson").seen(logits[:, :1]).tolist() == [0.1, 2.0, 0.5]
