"""Which values are selected: counts, ties, and agreement with a sort."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.nn import selection
from ftbench.nn.selection import keep_mask, keep_masks, kept, kth_largest, kth_largest_of

NUMBERS = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("count", "ratio", "expected"),
    [(10, 0.7, 7), (10, 0.71, 8), (10, 0.05, 1), (10, 1.0, 10), (10, 0.0, 0), (3, 0.5, 2)]
    # 0.07 * 100 is 7.000000000000001: rounding must not keep an eighth
    + [(100, 0.07, 7), (1000, 0.56, 560), (100, 0.29, 29), (300_000_000, 0.07, 21_000_000)],
)
def test_kept_rounds_up(count: int, ratio: float, expected: int) -> None:
    assert kept(count, ratio) == expected


@given(st.integers(1, 5000), st.integers(0, 100))
def test_kept_is_exact_where_the_ratio_is_a_percentage(count: int, percent: int) -> None:
    assert kept(count, percent / 100) == math.ceil(Fraction(percent * count, 100))


@settings(deadline=None)
@given(NUMBERS, st.data(), st.sampled_from([torch.float32, torch.float64, torch.bfloat16]))
def test_kth_largest_is_that_of_a_sort(values: list[float], data: st.DataObject, dtype: torch.dtype) -> None:
    k = data.draw(st.integers(1, len(values)))
    given_ = torch.tensor(values, dtype=dtype)
    found = kth_largest(given_, k)
    assert found.shape == () and found.dtype == dtype
    assert found.item() == sorted(values, reverse=True)[k - 1]
    assert given_.tolist() == values  # left as it was


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=3), st.data(), st.booleans())
def test_the_histogram_of_several_tensors_gives_what_a_sort_of_all_gives(
    values: list[list[float]], data: st.DataObject, as_on_a_gpu: bool
) -> None:
    together = sorted((v for part in values for v in part), reverse=True)
    k = data.draw(st.integers(1, len(together)))
    tensors = [torch.tensor(part) * 1.1 for part in values]
    with pytest.MonkeyPatch.context() as patch:
        if as_on_a_gpu:  # counted with scatter_add_ there; the arithmetic is the same everywhere
            patch.setattr(selection, "_counted", selection.scattered)
        found = kth_largest_of(tensors, k)
    assert found.shape == () and found == torch.tensor(together[k - 1]) * 1.1


@settings(deadline=None)
@given(NUMBERS, st.floats(0, 1))
def test_keep_mask_is_that_of_a_sort(values: list[float], ratio: float) -> None:
    k = kept(len(values), ratio)
    least = sorted(values, reverse=True)[k - 1] if k else math.inf
    assert keep_mask(torch.tensor(values), ratio).tolist() == [v >= least for v in values]


def test_all_that_tie_with_the_last_are_kept() -> None:
    mask = keep_mask(torch.tensor([2.0, 1.0, 1.0, 1.0, 0.0]), 0.4)  # 2 of 5
    assert mask.tolist() == [True, True, True, True, False]


def test_what_lies_a_tolerance_below_the_last_one_ties_with_it_on_either_side_of_zero() -> None:
    for values in ([3.0, 2.0, 1.9, 1.0], [-1.0, -2.0, -2.1, -3.0]):
        assert keep_mask(torch.tensor(values), 0.5, tolerance=0.1).tolist() == [True, True, True, False]
        assert keep_mask(torch.tensor(values), 0.5).tolist() == [True, True, False, False]


def test_zeros_do_not_shrink_the_selection() -> None:
    # "greater than the percentile" would keep 1 of these 10
    scores = torch.zeros(10)
    scores[3] = 1.0
    assert int(keep_mask(scores, 0.7).sum()) == 10


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, False), (1.0, True)])
def test_none_and_all(ratio: float, expected: bool) -> None:
    scores = torch.tensor([[1.0, -1.0], [float("inf"), 0.0]])
    mask = keep_mask(scores, ratio)
    assert mask.shape == (2, 2) and mask.dtype == torch.bool and (mask == expected).all()
    (several,) = keep_masks([scores], ratio)
    assert several.shape == (2, 2) and (several == expected).all()


def test_the_largest_may_be_infinite() -> None:
    assert keep_mask(torch.tensor([1.0, float("inf"), 2.0]), 0.5).tolist() == [False, True, True]


def test_a_matrix_that_is_not_contiguous_is_selected_in_place() -> None:
    scores = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(keep_mask(scores, 0.5), scores >= 3)


def test_one_threshold_over_all_tensors() -> None:
    small, large = torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([[10.0, 20.0]])
    masks = keep_masks([small, large], 0.5)  # 3 of 6
    assert [m.tolist() for m in masks] == [[False, False, False, True], [[True, True]]]
    per_tensor = [keep_mask(s, 0.5) for s in (small, large)]
    assert [m.tolist() for m in per_tensor] == [[False, False, True, True], [[False, True]]]


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=4), st.floats(0, 1))
def test_the_global_selection_is_that_of_all_values_together(parts: list[list[float]], ratio: float) -> None:
    together = keep_mask(torch.tensor([v for part in parts for v in part]), ratio)
    apart = keep_masks([torch.tensor(part) for part in parts], ratio)
    assert torch.cat(apart).tolist() == together.tolist()
