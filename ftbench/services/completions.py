"""The names that there are of each kind, as shells complete them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType


def names(kind: str) -> list[str]:
    """What there is.

    Args:
        kind: one of ``KINDS_OF_NAMES``.

    Raises:
        KeyError: there is no such kind.
    """
    return list(KINDS_OF_NAMES[kind]())


def _methods() -> Iterable[str]:
    from ftbench import methods

    return [entry.name for entry in methods.available()]


def _tasks() -> Iterable[str]:
    from ftbench import tasks

    return [*tasks.names(), *tasks.groups()]


def _models() -> Iterable[str]:
    from ftbench import models

    return models.names()


def _perturbations() -> Iterable[str]:
    from ftbench import perturbations

    return [f"{entry.name}=" for entry in perturbations.available()]


def _suites() -> Iterable[str]:
    from ftbench import suites

    return suites.available()


def _tables() -> Iterable[str]:
    from ftbench.render.layouts import LAYOUTS

    return [*LAYOUTS, "tuning", "budget", *_suites()]


def _formats() -> Iterable[str]:
    from ftbench.render import formats

    return formats.names()


def _states() -> Iterable[str]:
    from ftbench.domain.result import State

    return [state.value for state in State]


def _settings() -> Iterable[str]:
    from ftbench.domain import hparams
    from ftbench.domain.recipe import Recipe

    return [f"{spec.name}=" for spec in hparams.describe(Recipe)]


def _plots() -> Iterable[str]:
    from ftbench.render.plots import KINDS

    return KINDS


def _estimands() -> Iterable[str]:
    from ftbench.stats.family import ESTIMANDS

    return ESTIMANDS


def _units() -> Iterable[str]:
    from ftbench.domain.study import UNITS

    return UNITS


KINDS_OF_NAMES: Mapping[str, Callable[[], Iterable[str]]] = MappingProxyType(
    {
        "methods": _methods,
        "tasks": _tasks,
        "models": _models,
        "perturbations": _perturbations,
        "suites": _suites,
        "tables": _tables,
        "formats": _formats,
        "states": _states,
        "settings": _settings,
        "plots": _plots,
        "estimands": _estimands,
        "units": _units,
        "variants": lambda: ("paper", "published"),
    }
)
