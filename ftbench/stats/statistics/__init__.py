"""What a cell says of its scores, one statistic a file, found by listing; uses ``stats`` alone."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from ftbench._lazy import listed
from ftbench.errors import UnknownName
from ftbench.stats.statistics._statistic import Statistic

__all__ = ["Statistic", "available", "find", "names"]

#: The order in which people and programs are told of them; others follow by name.
ORDER = ("mean", "median", "iqm", "max", "std")


def names() -> tuple[str, ...]:
    """What ``--show`` takes; loads none of them."""
    return listed(__path__, ORDER)


@cache
def find(name: str) -> Statistic:
    """The statistic of a name.

    Raises:
        UnknownName: there is none.
    """
    if name not in names():
        raise UnknownName("statistic", name, names())
    found: Statistic = importlib.import_module(f"{__name__}.{name}").STATISTIC
    return found


def available() -> Mapping[str, Statistic]:
    """Every statistic by its name."""
    return {name: find(name) for name in names()}
