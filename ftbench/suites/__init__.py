"""Suites: the tables and figures of papers as grids of jobs; one file per paper, each table a constant."""

from __future__ import annotations

import importlib
import pkgutil

from ftbench.errors import UnknownName
from ftbench.suites._suite import Suite

__all__ = ["Suite", "available", "find"]


def available() -> dict[str, Suite]:
    """Every suite by its name, ``bidrop/table5``."""
    suites = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_") and not module.ispkg:
            values = vars(importlib.import_module(f"{__name__}.{module.name}")).values()
            suites.update({value.name: value for value in values if isinstance(value, Suite)})
    return dict(sorted(suites.items()))


def find(name: str) -> Suite:
    """The suite of a name.

    Raises:
        UnknownName: there is none.
    """
    suites = available()
    if name.strip().lower() not in suites:
        raise UnknownName("suite", name, suites)
    return suites[name.strip().lower()]
