import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from ftbench.stats import correction


@pytest.mark.parametrize(("name", "theirs"), [("holm", "holm"), ("bh", "fdr_bh")])
@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_adjusted_p_are_those_of_statsmodels(name, theirs, count):
    p = np.random.default_rng(count).uniform(0, 0.2, count).round(2)  # with ties
    np.testing.assert_allclose(correction.CORRECTIONS[name](p), multipletests(p, method=theirs)[1])


def test_holm_by_hand():
    # 0.01 x 3; 0.02 x 2; the largest is no smaller than the one before it.
    np.testing.assert_allclose(correction.holm(np.array([0.03, 0.01, 0.02])), [0.04, 0.03, 0.04])


def test_none_leaves_p_as_they_are_and_an_empty_family_is_empty():
    assert correction.none(np.array([0.4, 0.01])).tolist() == [0.4, 0.01]
    for adjust in correction.CORRECTIONS.values():
        assert adjust(np.array([])).tolist() == []
