"""Selecting the largest values of tensors: thresholds and masks."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    return torch.kthvalue(flat, flat.numel() - k + 1).values


def keep_mask(scores: Tensor, keep_ratio: float) -> Tensor:
    """True at the ceil(keep_ratio * N) largest scores; all that tie with the last of them are kept too.

    Args:
        scores: any shape, no NaN.
        keep_ratio: in [0, 1].

    Returns:
        A boolean tensor of the same shape.
    """
    k = kept(scores.numel(), keep_ratio)
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    if k == scores.numel():
        return torch.ones_like(scores, dtype=torch.bool)
    return scores >= kth_largest(scores, k)


def keep_masks(scores: Sequence[Tensor], keep_ratio: float) -> list[Tensor]:
    """``keep_mask`` with one threshold over all tensors together (``scope="global"``)."""
    flat = torch.cat([s.reshape(-1) for s in scores])
    k = kept(flat.numel(), keep_ratio)
    if k == 0:
        return [torch.zeros_like(s, dtype=torch.bool) for s in scores]
    threshold = kth_largest(flat, k)
    return [s >= threshold for s in scores]
