"""The names that there are of each kind, and the files that may stand for one, as shells complete them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

#: What need not be quoted in a shell, nor escaped in a list.
_PLAIN = re.compile(r"[\w.+@%-]+")
_PYTHON = (".py",)


def names(kind: str) -> list[str]:
    """What there is.

    Args:
        kind: one of ``KINDS_OF_NAMES``.

    Raises:
        KeyError: there is no such kind.
    """
    return list(KINDS_OF_NAMES[kind]())


def own_paths(kind: str, typed: str) -> list[str]:
    """The files of the user's own that may stand for a name, and the folders on the way to them.

    Args:
        kind: as ``names`` takes it; most have none.
        typed: of the path so far. Where nothing is, the files of this folder are meant, as ``./NAME``.
    """
    if kind not in _FILES or not (typed == "" or typed.startswith((".", "/", "~"))):
        return []
    if typed in (".", "..", "~"):
        return [f"{typed}/"]
    above, slash, begun = (typed or "./").rpartition("/")
    found = []
    for entry in sorted(os.scandir(os.path.expanduser(above + slash)), key=lambda one: one.name):
        hidden = entry.name.startswith(".") and not begun
        if hidden or not entry.name.startswith(begun) or not _PLAIN.fullmatch(entry.name):
            continue
        if entry.is_dir():
            found += [f"{above}{slash}{entry.name}/"] if typed else []
        elif Path(entry.name).suffix.lower() in _FILES[kind]():
            found.append(f"{above}{slash}{entry.name}")
    return found


def _methods() -> Iterable[str]:
    from ftbench import methods

    return [*(entry.name for entry in methods.available()), *methods.tuners()]


def _metrics() -> Iterable[str]:
    from ftbench import metrics

    return [entry.name for entry in metrics.available()]


def _trackers() -> Iterable[str]:
    from ftbench import trackers

    return trackers.names()


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
        "metrics": _metrics,
        "trackers": _trackers,
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


def _data() -> tuple[str, ...]:
    from ftbench.tasks.own.formats import FORMATS

    return (*FORMATS, ".yaml", ".yml")


#: Kind -> the ends of files that may stand for a name of it; a model is a folder.
_FILES: Mapping[str, Callable[[], tuple[str, ...]]] = MappingProxyType(
    {
        "methods": lambda: _PYTHON,
        "metrics": lambda: _PYTHON,
        "trackers": lambda: _PYTHON,
        "perturbations": lambda: _PYTHON,
        "tasks": _data,
        "models": tuple,
    }
)
