"""Methods to tune, and their first draws."""

from __future__ import annotations

import itertools

from ftbench import methods
from ftbench.domain.space import Space
from ftbench.services.tuning.draws import Draw, draws
from ftbench.services.tuning.spaces import Tuned


def tuned(*names: str) -> list[Tuned]:
    return [Tuned(name, methods.find(name)) for name in names]


def first(space: Space, label: str, count: int, seed: int = 1000) -> list[Draw]:
    return list(itertools.islice(draws(space, label, seed), count))
