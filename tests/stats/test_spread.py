"""Paired spreads, against an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ftbench.stats.findings import Interval, NoAnswer, Significance
from ftbench.stats.spread import deviation, pitman_morgan


def test_one_column_is_the_correlation_of_sums_and_differences() -> None:
    generator = np.random.default_rng(0)
    left, right = generator.normal(70, 0.5, 8), generator.normal(60, 1.5, 8)
    found = pitman_morgan([(left, right)])
    assert isinstance(found, Significance) and found.statistic > 0
    np.testing.assert_allclose(found.p, stats.pearsonr(left + right, right - left).pvalue, rtol=1e-10)
    turned = pitman_morgan([(right, left)])
    assert isinstance(turned, Significance)
    np.testing.assert_allclose((turned.p, turned.statistic), (found.p, -found.statistic))


def test_a_tasks_scale_does_not_decide() -> None:
    generator = np.random.default_rng(1)
    one, two = (tuple(generator.normal(0, s, 6) for s in (0.5, 1.0)) for _ in range(2))
    found = pitman_morgan([one, two])
    scaled = pitman_morgan([one, (100 * two[0] + 7, 100 * two[1] - 3)])
    assert isinstance(found, Significance) and isinstance(scaled, Significance)
    np.testing.assert_allclose(found.p, scaled.p)
    assert found.n == 12


def test_too_few_or_constant_values_have_no_answer() -> None:
    short, same = np.asarray([0.1, 0.2]), np.full(5, 0.3)
    assert isinstance(pitman_morgan([]), NoAnswer) and isinstance(pitman_morgan([(short, short)]), NoAnswer)
    assert str(pitman_morgan([(same, same)])) == "nothing varies"


def test_a_deviation_has_the_interval_of_chi_squared():
    """Ten values with a standard deviation of 2: √(9·4 / 19.0228) and √(9·4 / 2.7004)."""
    values = np.array([-1.0, 1.0] * 5)
    found = deviation(2 * values / values.std(ddof=1) + 70)
    assert isinstance(found, Interval)
    assert (found.value, found.n) == (pytest.approx(2.0), 10)
    assert (found.low, found.high) == (pytest.approx(1.3757, abs=1e-4), pytest.approx(3.6512, abs=1e-4))
    assert deviation(values[:1]) == NoAnswer("too few runs", 1, 2)
    assert deviation(np.ones(3)) == Interval(0.0, 0.0, 0.0, 3, 0.95, "chi-squared")
