"""Looks while seeds are added."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from benchmarks import topup
from ftbench.stats import sequential


def test_sizes_are_spread_evenly_and_end_at_the_most() -> None:
    assert sequential.sizes(5, 15, 3) == (5, 10, 15)
    assert sequential.sizes(3, 20, 3) == (3, 12, 20)
    assert sequential.sizes(2, 4, 3) == (2, 3, 4)


def test_a_look_is_holm_corrected_paired_t_at_its_level() -> None:
    rng = np.random.default_rng(1)
    pairs = [rng.normal(mean, 0.02, n) for mean, n in ((0.04, 5), (-0.05, 8), (0.012, 8))]
    p = [stats.ttest_1samp(one, 0).pvalue for one in pairs]
    adjusted = multipletests(p, method="holm")[1]
    found = sequential.decide(pairs, 0.05 / 3)
    assert [one.p_corrected for one in found] == pytest.approx(adjusted)
    assert [one.how for one in found] == [
        ("better" if pair.mean() > 0 else "worse") if q < 0.05 / 3 else "open"
        for pair, q in zip(pairs, adjusted, strict=True)
    ]
    assert {"worse", "open"} <= {one.how for one in found}
    low, high = stats.t.interval(1 - 0.05 / 3, 4, pairs[0].mean(), stats.sem(pairs[0]))
    assert (found[0].interval.low, found[0].interval.high) == pytest.approx((low, high))


def test_an_interval_inside_the_margin_is_equivalent_and_only_there() -> None:
    pairs = [np.array([0.001, -0.001, 0.0012, -0.0009, 0.0002])]
    reach = max(abs(end) for end in (sequential.decide(pairs, 0.01)[0].interval.low, 0.0))
    assert sequential.decide(pairs, 0.01, 0.01)[0].how == "equivalent"
    assert sequential.decide(pairs, 0.01, reach / 2)[0].how == "open"
    assert sequential.decide(pairs, 0.01)[0].how == "open"


def test_too_few_pairs_stay_open_and_still_count_in_the_correction() -> None:
    one = np.array([0.03, 0.035, 0.031, 0.036])
    alone, beside = sequential.decide([one], 0.05)[0], sequential.decide([one, np.empty(0)], 0.05)
    assert beside[0].p_corrected == pytest.approx(2 * alone.p)
    assert (beside[1].how, beside[1].p, beside[1].interval) == ("open", None, None)


def test_looks_at_their_share_of_the_level_keep_the_error_that_plain_looks_exceed() -> None:
    tables = 400
    normal = topup.DRAWS["normal"]
    kept = topup.shares(normal, 0.05 / 3, 0.0, tables, 3)[0]
    usual = topup.shares(normal, 0.05, 0.0, tables, 3, plain=True)[0]
    assert kept <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / tables) < usual
