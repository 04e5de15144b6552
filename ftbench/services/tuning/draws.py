"""Draws: what the trials of a study try, by number; the same place in shared settings for every method."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ftbench.domain.hparams import Value
from ftbench.domain.space import Space
from ftbench.errors import BadValue

SHARED_MOST, OWN_MOST = 8, 24
"""Dimensions that are kept for what is shared and for a method's own, so that neither moves the other."""


@dataclass(frozen=True)
class Draw:
    """What a trial tries beside the default recipe; draw 0 is that recipe.

    Attributes:
        number: 0, 1, …
        shared: setting -> value, at the same places for every method.
        further: settings that this method alone searches.
        hparams: hyper-parameter of the method -> value.
    """

    number: int
    shared: dict[str, Value] = field(default_factory=dict)
    further: dict[str, Value] = field(default_factory=dict)
    hparams: dict[str, Value] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Value]:
        """Of the recipe."""
        return self.shared | self.further


def draws(space: Space, label: str, seed: int) -> Iterator[Draw]:
    """The draws of a method, without end.

    Points of a scrambled Sobol sequence: its first dimensions are the shared settings, further ones the
    method's own. Their number is fixed, and so is the scrambling, by the seed alone: neither the other
    methods of a study nor their order move a draw.

    Args:
        space: what is searched.
        label: of the method.
        seed: of the study.

    Raises:
        BadValue: the space has too many dimensions.
    """
    shared, own = space.of(label)
    if len(shared) > SHARED_MOST or len(own) > OWN_MOST:
        raise BadValue(
            f"space: {len(shared)} shared and {len(own)} further dimensions of {label}; "
            f"at most {SHARED_MOST} and {OWN_MOST} can be searched"
        )
    yield Draw(0)
    power, number = 6, 1
    while True:
        points = _points(seed, power)
        for place in points[number - 1 :]:
            drawn = {one: one.at(float(place[SHARED_MOST + at])) for at, one in enumerate(own)}
            yield Draw(
                number,
                {one.name: one.at(float(place[at])) for at, one in enumerate(shared)},
                {one.name: value for one, value in drawn.items() if not one.hparam},
                {one.name: value for one, value in drawn.items() if one.hparam},
            )
            number += 1
        power += 1


def first_draws(space: Space, label: str, seed: int, count: int) -> list[Draw]:
    """The first draws of a method; see ``draws``."""
    return list(itertools.islice(draws(space, label, seed), count))


def _points(seed: int, power: int) -> NDArray[np.float64]:
    """The first 2**power points, shape (2**power, dimensions); more of them begin with the same."""
    from scipy.stats import qmc

    scrambled = int.from_bytes(hashlib.sha256(f"ftbench\x1ftune\x1f{seed}".encode()).digest()[:8], "big")
    sobol = qmc.Sobol(SHARED_MOST + OWN_MOST, scramble=True, rng=np.random.default_rng(scrambled))
    points: NDArray[np.float64] = sobol.random_base2(power)
    return points
