"""Suites: the tables and figures of papers as grids of jobs; one file per paper, each table a constant."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from ftbench.errors import UnknownName
from ftbench.suites._suite import SCORES, TIME, Line, Panel, Suite, SuiteColumn

__all__ = [
    "SCORES",
    "SHORT_NAMES",
    "TIME",
    "Panel",
    "SuiteColumn",
    "Line",
    "Suite",
    "available",
    "chosen",
    "find",
]

#: What several papers have in common, under one name.
SHORT_NAMES: Mapping[str, tuple[str, ...]] = {
    "main": ("bidrop/table2", "bidrop/table11", "dps/table1", "blo/table3"),
    "plms": ("bidrop/table3", "dps/table4", "blo/table2"),
    "robustness": ("bidrop/table5",),
    "lowresource": ("bidrop/table6", "dps/table3", "blo/table8"),
    "ood": ("bidrop/table4", "dps/table2"),
    "transfer": ("bidrop/figure3",),
    "ablation": ("bidrop/table7", "blo/table11"),
    "stability": ("bidrop/figure4",),
    "subnet-size": ("dps/figure2",),
    "sufficient": ("dps/table5", "blo/figure3"),
    "time": ("dps/table6", "blo/table5", "blo/appendixF"),
    "dropout": ("bidrop/figure5",),
    "batch-doubling": ("bidrop/table10",),
    "peft": ("blo/table9",),
    "soup": ("blo/table10",),
}


def available() -> dict[str, Suite]:
    """Every suite by its name, ``bidrop/table5``, in the order of each paper's file."""
    suites = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_") and not module.ispkg:
            values = vars(importlib.import_module(f"{__name__}.{module.name}")).values()
            suites.update({value.name: value for value in values if isinstance(value, Suite)})
    return suites


def find(name: str) -> Suite:
    """The suite of a name.

    Raises:
        UnknownName: there is none.
    """
    by_key = {key.lower(): suite for key, suite in available().items()}
    if name.strip().lower() not in by_key:
        raise UnknownName("suite", name, [*available(), *SHORT_NAMES])
    return by_key[name.strip().lower()]


def chosen(name: str) -> tuple[Suite, ...]:
    """The suites of a name or a short name.

    Raises:
        UnknownName: there is none.
    """
    short = SHORT_NAMES.get(name.strip().lower())
    return tuple(find(one) for one in short) if short else (find(name),)
