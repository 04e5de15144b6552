"""Random numbers by counter: the i-th number of a seed is a hash of (seed, i), computed on the device."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

# SplitMix64 (Steele, Lea & Flood 2014) in two's complement, where products wrap round.
_GOLDEN, _FIRST, _SECOND = (
    value - (1 << 64) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
_CHUNK = 1 << 20


def uniforms(seeds: Sequence[int], count: int, device: torch.device) -> Tensor:
    """Uniform numbers on [0, 1), multiples of 2^-24: the same on every device.

    Args:
        seeds: one for each row, in [0, 2^63).
        count: numbers of each row.
        device: where they are made.

    Returns:
        Shape (len(seeds), count), float32.
    """
    found = torch.empty(len(seeds), count, device=device)
    start = torch.tensor(list(seeds), dtype=torch.int64, device=device)[:, None]
    step = max(1, _CHUNK // max(1, len(seeds)))
    for low in range(0, count, step):
        high = min(count, low + step)
        numbers = torch.arange(low + 1, high + 1, dtype=torch.int64, device=device)
        z = start + numbers * _GOLDEN
        z = (z ^ _shifted(z, 30)) * _FIRST
        z = (z ^ _shifted(z, 27)) * _SECOND
        z = z ^ _shifted(z, 31)
        found[:, low:high] = _shifted(z, 40).float() * 2.0**-24
    return found


def normals(seeds: Sequence[int], count: int, device: torch.device) -> Tensor:
    """Standard normal numbers (Box & Muller 1958); on another device the same up to rounding.

    Returns:
        Shape (len(seeds), count), float32.
    """
    radius, angle = uniforms(seeds, 2 * count, device).reshape(len(seeds), count, 2).unbind(-1)
    return torch.sqrt(-2.0 * torch.log1p(-radius)).mul_(torch.cos(angle * (2 * math.pi)))


def _shifted(x: Tensor, places: int) -> Tensor:
    """A logical shift to the right."""
    return (x >> places) & ((1 << (64 - places)) - 1)
