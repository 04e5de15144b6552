"""The named random streams: seeds that depend on (stream, task, seed) alone, and rankings drawn from them."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def stream_seed(stream: str, task: str, seed: int, *more: str | int) -> int:
    """The seed of a named stream.

    Neither the method, the ratio, the recipe nor the model enters, so that whatever is compared sees the same
    draws; ``head`` adds the tensor's name, ``method`` the method and run name, through ``more``.

    Returns:
        An integer in [0, 2**63).
    """
    text = "\x1f".join(["ftbench", stream, task, str(seed), *map(str, more)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def seed_torch(seed: int, device: torch.device) -> None:
    """Seed torch's global generators, of the CPU and of a device.

    ``torch.manual_seed`` seeds those of all kinds of devices; for each kind that is not in use it writes down
    the call stack, which costs more than a small pass.
    """
    if device.type not in ("cpu", "cuda"):
        torch.manual_seed(seed)
        return
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(seed)


def keys(count: int, seed: int) -> NDArray[np.uint64]:
    """One 64-bit key for each of ``count`` rows: SplitMix64 of (seed, row), the same on every platform.

    A row's key does not depend on ``count``.
    """
    return keys_of(np.arange(count, dtype=np.int64), seed)


def keys_of(numbers: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """The keys of some rows, or of anything else with a number from 0; shape as ``numbers``."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (numbers.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
        return mixed


def ranking(count: int, seed: int) -> NDArray[np.int64]:
    """A permutation of ``0..count-1``; prefixes of it are nested samples."""
    return np.argsort(keys(count, seed), kind="stable")


def digest(values: NDArray[np.generic] | list[int]) -> str:
    """A short fingerprint of an array of integers, for provenance and tests (16 hexadecimal characters)."""
    data = np.ascontiguousarray(np.asarray(values, dtype=np.int64))
    return hashlib.sha256(data.tobytes()).hexdigest()[:16]
