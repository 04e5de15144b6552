"""Random numbers by counter: the i-th number of a seed is a hash of (seed, i), computed on the device."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

# SplitMix64 (Steele, Lea & Flood 2014) in two's complement, where products wrap round.
_GOLDEN, _FIRST, _SECOND = (
    value - (1 << 64) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
_CHUNK = 1 << 15  # hashes at a time: what fits into a processor's cache


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
    for low, hashes in _hashes(seeds, count, device):
        found[:, low : low + hashes.shape[1]] = _shifted(hashes, 40).float() * 2.0**-24
    return found


def events(seeds: Sequence[int], count: int, p: float, device: torch.device) -> Tensor:
    """Whether events of probability ``p`` happen: p to the nearest of 2^-16, the same on every device.

    Each hash decides four of them, by 16 bits each.

    Args:
        seeds: one for each row, in [0, 2^63).
        count: events of each row.
        p: in [0, 1].
        device: where they are made.

    Returns:
        Shape (len(seeds), count), boolean.
    """
    found = torch.empty(len(seeds), -(-count // 4) * 4, dtype=torch.bool, device=device)
    below = round(p * (1 << 16)) - (1 << 15)
    if below == 1 << 15:
        return found.fill_(True)[:, :count]
    for low, hashes in _hashes(seeds, found.shape[1] // 4, device):
        torch.lt(hashes.view(torch.int16), below, out=found[:, 4 * low : 4 * (low + hashes.shape[1])])
    return found[:, :count]


def normals(seeds: Sequence[int], count: int, device: torch.device) -> Tensor:
    """Standard normal numbers (Box & Muller 1958); on another device the same up to rounding.

    Returns:
        Shape (len(seeds), count), float32.
    """
    radius, angle = uniforms(seeds, 2 * count, device).reshape(len(seeds), count, 2).unbind(-1)
    return torch.sqrt(-2.0 * torch.log1p(-radius)).mul_(torch.cos(angle * (2 * math.pi)))


def _hashes(seeds: Sequence[int], count: int, device: torch.device) -> Iterator[tuple[int, Tensor]]:
    """The hashes of all rows, some columns at a time, after the first one's number; valid until the next."""
    start = torch.tensor(list(seeds), dtype=torch.int64, device=device)[:, None]
    step = min(count, max(1, _CHUNK // max(1, len(seeds)))) if device.type == "cpu" else count
    numbers = torch.arange(1, step + 1, dtype=torch.int64, device=device) * _GOLDEN
    z = torch.empty(len(seeds), step, dtype=torch.int64, device=device)
    spare = torch.empty_like(z)
    for low in range(0, count, max(1, step)):
        if low + step > count:
            numbers, z, spare = (t[..., : count - low].contiguous() for t in (numbers, z, spare))
        torch.add(start + _wrapped(low * _GOLDEN), numbers, out=z)
        for places, factor in ((30, _FIRST), (27, _SECOND), (31, 1)):
            torch.bitwise_right_shift(z, places, out=spare)
            z.bitwise_xor_(spare.bitwise_and_((1 << (64 - places)) - 1))
            if factor != 1:
                z.mul_(factor)
        yield low, z


def _wrapped(number: int) -> int:
    """A whole number in 64 bits of two's complement."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _shifted(x: Tensor, places: int) -> Tensor:
    """A logical shift to the right."""
    return (x >> places) & ((1 << (64 - places)) - 1)
