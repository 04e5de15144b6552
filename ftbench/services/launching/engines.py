"""The engines that there are, by name."""

from __future__ import annotations

from ftbench.errors import UnknownName
from ftbench.services.launching.base import Engine
from ftbench.services.launching.local import Local
from ftbench.services.launching.ray import Ray
from ftbench.services.launching.slurm import Slurm

_ALL: dict[str, type[Engine]] = {engine.name: engine for engine in (Local, Slurm, Ray)}


def engine_of(name: str) -> type[Engine]:
    """The engine of a name.

    Raises:
        UnknownName: there is none.
    """
    if name not in _ALL:
        raise UnknownName("engine", name, _ALL)
    return _ALL[name]
