"""Scores along a ratio, taken from a table by ratio."""

from __future__ import annotations

import numpy as np
import pytest

from ftbench.render.layouts import Measure, Part
from ftbench.services.reporting.curve_scores import Curves, scores_along
from tests.services.report_rows import Rows
from tests.services.reporting.reading import report

OWN = Measure(None, ("mean",))


def along(rows: Rows, baseline: str = "vanilla", measures: int = 1) -> list[Curves]:
    """The curves of the rows' table by ratio."""
    part = Part("noise_curve", "Curves", "noise", (OWN,) * measures, "", curve=True)
    return scores_along(part, report(rows, "curves", baseline=baseline).sections[0].scores, baseline)


@pytest.fixture
def noisy() -> Rows:
    """Two methods and tasks at two ratios; bidrop lacks seed 5 on rte at 10 %."""
    rows = Rows()
    for ratio, less in ((0.1, 0.2), (0.0, 0.0)):
        for seed in (5, 3):
            rows.job("vanilla", "rte", seed, 0.6 + seed / 100 - less, noise=ratio)
            rows.job("vanilla", "mrpc", seed, 0.8 + seed / 100 - less, noise=ratio)
            rows.job("bidrop", "mrpc", seed, 0.9, noise=ratio)
            if (ratio, seed) != (0.1, 5):
                rows.job("bidrop", "rte", seed, 0.7, noise=ratio)
    return rows


def test_a_curve_is_the_average_over_tasks_by_method_seed_and_ratio(noisy):
    (one,) = along(noisy)
    assert (one.methods, one.seeds, list(one.ratios)) == (("Vanilla", "Bi-Drop"), (3, 5), [0.0, 0.1])
    expected = [[[0.73, 0.53], [0.75, 0.55]], [[0.80, 0.80], [0.80, np.nan]]]  # (methods, seeds, ratios)
    np.testing.assert_allclose(one.scores, expected)
    assert (one.metric, one.measure) == ("", "")


@pytest.mark.parametrize(
    ("name", "place", "title"), [("vanilla", 0, "Vanilla"), ("bidrop", 0, "Bi-Drop"), ("rdrop", None, "")]
)
def test_the_baseline_is_found_among_the_rows(noisy, name, place, title):
    (one,) = along(noisy, name)
    assert one.baseline == place
    assert place is None or one.methods[place] == title


def test_each_metric_of_a_table_has_curves_of_its_own():
    rows = Rows()
    for ratio, recall, own in ((0.0, 0.8, 0.7), (0.5, 0.3, 0.6)):
        rows.job("vanilla", "rte", 0, own, reduction=ratio, also={"accuracy_label1": recall})
    first, second = along(rows, measures=2)
    assert (first.measure, second.measure) == ("", "own")
    assert (first.metric, second.metric) == ("label 1", "accuracy")
    np.testing.assert_allclose(first.scores, [[[0.8, 0.3]]])
    np.testing.assert_allclose(second.scores, [[[0.7, 0.6]]])


def test_seeds_are_named_where_they_are_chosen(noisy):
    (one,) = along(noisy)
    assert one.named(np.array([False, True])) == (5,)
    assert one.named(np.array([True, True])) == (3, 5)
