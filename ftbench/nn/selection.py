"""Selecting the largest values of tensors: thresholds and masks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor


def kept(count: int, keep_ratio: float) -> int:
    """How many of ``count`` values are kept: ceil(keep_ratio * count), guarded against rounding."""
    return min(count, math.ceil(keep_ratio * count - max(1e-9, 1e-12 * count)))


def kth_largest(values: Tensor, k: int) -> Tensor:
    """The ``k``-th largest value, exactly; k from 1 to the number of values.

    Args:
        values: any shape, no NaN; left as it is.
        k: 1 for the largest.

    Returns:
        A tensor of shape () on the same device.
    """
    flat = values.reshape(-1)
    if flat.device.type == "cpu" and flat.dtype in (torch.float32, torch.float64):
        place = flat.numel() - k
        return torch.as_tensor(np.partition(flat.numpy(), place)[place], dtype=flat.dtype)
    return kth_largest_of([flat], k)


def kth_largest_of(tensors: Sequence[Tensor], k: int) -> Tensor:
    """The ``k``-th largest value of several tensors, exactly, without joining, sorting or copying them.

    The bits of floating-point numbers order as the numbers do: each pass counts 16 of them, from the top,
    among the values that agree with what is found so far. Nothing waits for the device.

    Args:
        tensors: any shapes, one dtype and device, no NaN.
        k: 1 for the largest of all.

    Returns:
        A tensor of shape ().
    """
    dtype = tensors[0].dtype
    wide = dtype if dtype in (torch.float32, torch.float64) else torch.float32
    bits, device = torch.finfo(wide).bits, tensors[0].device
    left = torch.tensor([k], device=device)
    found = torch.zeros(1, dtype=torch.int64, device=device)
    for shift in range(bits - 16, -1, -16):
        counts = torch.zeros(1 << 16, dtype=torch.int64, device=device)
        for keys in _keys(tensors, wide):
            if shift + 16 == bits:
                digits = (keys >> shift) + (1 << 15)  # the sign is the top bit
            else:
                digits = torch.where(keys >> (shift + 16) == found, (keys >> shift) & 0xFFFF, 1 << 16)
            counts += _counted(digits)
        above = counts.flip(0).cumsum(0)
        place = torch.searchsorted(above, left)
        digit = (1 << 16) - 1 - place
        left = left - (above[place] - counts[digit])
        found = digit - (1 << 15) if shift + 16 == bits else (found << 16) | digit
    whole = torch.int64 if wide is torch.float64 else torch.int32
    return _swap(found.to(whole)).view(wide).to(tensors[0]).reshape(())


def _counted(digits: Tensor) -> Tensor:
    """How often each number below 2^16 is there; 2^16 stands for what does not count."""
    if digits.device.type == "cpu":
        return torch.bincount(digits, minlength=(1 << 16) + 1)[:-1]
    return scattered(digits)  # bincount would wait for the largest number


def scattered(digits: Tensor) -> Tensor:
    """The same, by additions on the device."""
    zeros = torch.zeros((1 << 16) + 1, dtype=torch.int64, device=digits.device)
    return zeros.scatter_add_(0, digits.long(), torch.ones_like(digits, dtype=torch.int64))[:-1]


def _keys(tensors: Sequence[Tensor], dtype: torch.dtype) -> Iterator[Tensor]:
    """Integers that order as the values do, a few million at a time."""
    for tensor in tensors:
        for part in torch.split(tensor.reshape(-1), 1 << 22):
            values = part.to(dtype).contiguous()
            yield _swap(values.view(torch.int64 if dtype is torch.float64 else torch.int32))


def _swap(bits: Tensor) -> Tensor:
    """Turn the order of negative numbers round, whose magnitude the bits hold; its own inverse."""
    return torch.where(bits < 0, bits ^ torch.iinfo(bits.dtype).max, bits)


def percentile(tensors: Sequence[Tensor], percent: float) -> float:
    """``np.percentile`` of all values together: between two neighbours by linear interpolation.

    Args:
        tensors: any shapes, one dtype and device, no NaN.
        percent: from 0 to 100.
    """
    count = sum(t.numel() for t in tensors)
    place = (count - 1) * (percent / 100)
    below = math.floor(place)
    low = float(kth_largest_of(tensors, count - below))
    high = float(kth_largest_of(tensors, max(1, count - below - 1)))
    part = place - below
    # From the nearer neighbour, as numpy does it.
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def keep_mask(scores: Tensor, keep_ratio: float, *, tolerance: float = 0.0) -> Tensor:
    """True at the ceil(keep_ratio * N) largest scores; all that tie with the last of them are kept too.

    Args:
        scores: any shape, no NaN.
        keep_ratio: in [0, 1].
        tolerance: how far below the last one, relatively, a score still ties with it.

    Returns:
        A boolean tensor of the same shape.
    """
    k = kept(scores.numel(), keep_ratio)
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    if k == scores.numel():
        return torch.ones_like(scores, dtype=torch.bool)
    last = kth_largest(scores, k)
    return scores >= (last - tolerance * last.abs() if tolerance else last)


def keep_masks(scores: Sequence[Tensor], keep_ratio: float) -> list[Tensor]:
    """``keep_mask`` with one threshold over all tensors together (``scope="global"``)."""
    k = kept(sum(s.numel() for s in scores), keep_ratio)
    if k == 0:
        return [torch.zeros_like(s, dtype=torch.bool) for s in scores]
    threshold = kth_largest_of(scores, k)
    return [s >= threshold for s in scores]
