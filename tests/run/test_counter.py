"""Numbers by counter, against SplitMix64 written out a second time, in unsigned integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from ftbench.run import counter

CPU = torch.device("cpu")
SEEDS = (0, 1, 2**63 - 1)
#: Of each row: more than one chunk of hashes, and no whole number of chunks.
COUNT = 2 * counter._CHUNK // len(SEEDS) + 7


def splitmix(seed: int, count: int) -> npt.NDArray[np.uint64]:
    """The first outputs of the generator of a seed (Steele, Lea & Flood 2014, figure 17)."""
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def test_the_generator_is_that_of_the_paper() -> None:
    assert [int(z) for z in splitmix(1234567, 2)] == [6457827717110365317, 3203168211198807973]


def test_uniform_numbers_are_the_upper_bits_of_every_hash() -> None:
    found = counter.uniforms(SEEDS, COUNT, CPU)
    expected = [(splitmix(seed, COUNT) >> np.uint64(40)) * 2.0**-24 for seed in SEEDS]
    assert np.array_equal(found.numpy(), np.asarray(expected, dtype=np.float32))


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9999, 1.0])  # 0.3 and 0.9999 are rounded up
def test_events_are_decided_by_16_bits_each(p: float) -> None:
    count = 4 * COUNT - 1
    found = counter.events(SEEDS, count, p, CPU)
    for seed, row in zip(SEEDS, found.numpy(), strict=True):
        parts = splitmix(seed, COUNT).astype("<u8").view("<i2").astype(int)[:count]
        assert np.array_equal(row, parts + (1 << 15) < round(p * (1 << 16)))
