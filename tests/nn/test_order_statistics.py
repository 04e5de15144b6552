"""Order statistics over several tensors: those of the joined values, which are never joined."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.nn.selection import keep_mask, keep_masks, kth_largest, kth_largest_of, percentile

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
PARTS = st.lists(st.lists(FINITE, max_size=12), min_size=1, max_size=4).filter(lambda p: any(p))


@settings(deadline=None)
@given(PARTS, st.data(), st.sampled_from([torch.float32, torch.float64, torch.bfloat16]))
def test_kth_of_several_is_that_of_a_sort(
    parts: list[list[float]], data: st.DataObject, dtype: torch.dtype
) -> None:
    tensors = [torch.tensor(part, dtype=dtype) for part in parts]
    joined = sorted(torch.cat(tensors).double().tolist(), reverse=True)
    k = data.draw(st.integers(1, len(joined)))
    found = kth_largest_of(tensors, k)
    assert found.shape == () and found.dtype == dtype and found.item() == joined[k - 1]


def test_kth_of_several_looks_at_values_far_apart_and_close_together() -> None:
    values = torch.tensor([0.0, -0.0, 1e-300, -1e-300, 1.0, 1.0 + 2**-52, -np.pi, 1e300], dtype=torch.float64)
    ordered = sorted(values.tolist(), reverse=True)
    for k in range(1, 9):
        assert kth_largest_of([values[:3], values[3:].reshape(5, 1)], k).item() == ordered[k - 1]


def test_kth_of_several_crosses_its_portions() -> None:
    values = torch.rand((1 << 22) + 1000, generator=torch.Generator().manual_seed(0))
    for k in (1, 12345, len(values) // 2, len(values)):
        assert kth_largest_of([values[5:], values[:5]], k) == kth_largest(values, k)


@settings(deadline=None)
@given(PARTS, st.floats(0, 100))
def test_percentile_is_numpys(parts: list[list[float]], percent: float) -> None:
    tensors = [torch.tensor(part, dtype=torch.float64) for part in parts]
    wanted = np.percentile(np.concatenate([t.numpy() for t in tensors]), percent)
    assert percentile(tensors, percent) == wanted


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.3, 0.55, 1.0])
def test_one_threshold_over_all_is_that_of_the_joined_values(ratio: float) -> None:
    g = torch.Generator().manual_seed(1)
    scores = [torch.randn(shape, generator=g) for shape in ((4, 5), (7,), (1,))]
    joined = keep_mask(torch.cat([s.reshape(-1) for s in scores]), ratio)
    assert torch.equal(torch.cat([m.reshape(-1) for m in keep_masks(scores, ratio)]), joined)
