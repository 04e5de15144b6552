"""Where perturbations are found: this folder, entry points, and files of the user's own."""

from __future__ import annotations

from collections.abc import Iterable

from ftbench.domain.perturbation import Change, Perturbation
from ftbench.errors import FtbenchError
from ftbench.perturbations.base import Perturber
from ftbench.plugins import PluginEntry, Registry

ALIASES = {"train-size": "train_size"}
_PERTURBERS: Registry[Perturber] = Registry(
    "perturbation", Perturber, "ftbench.perturbations", lambda cls: cls.name, aliases=ALIASES, several=True
)


def find(name: str, files: Iterable[str] = ()) -> type[Perturber]:
    """The class behind a name.

    Args:
        name: of a perturbation, or a file and a name in it (``./mine.py:typos``).
        files: ``FILE:NAME`` of those that may be named, too.

    Raises:
        UnknownName: nothing carries the name.
        PluginError: the file or entry point that carries it cannot be used.
    """
    return _PERTURBERS.find(name, files)


def available(files: Iterable[str] = ()) -> list[PluginEntry[Perturber]]:
    """Every perturbation there is, by name; what cannot be used is listed with its error."""
    return _PERTURBERS.available(files)


def in_order(perturbation: Perturbation, files: Iterable[str] = ()) -> list[Perturber]:
    """The changes of a perturbation in the order in which they are applied.

    Args:
        perturbation: the changes.
        files: ``FILE:NAME`` of those that are not installed.

    Raises:
        UnknownName, PluginError: one that cannot be found.
        UsageError: a value or an option that one does not have.
    """
    known = list(files)
    made = [find(one.name, known).made(one) for one in perturbation.changes]
    return sorted(made, key=lambda one: (one.order, one.name))


def listed(perturbation: Perturbation) -> list[Change]:
    """The changes as they are to be named: in the order of their application, those not installed last."""
    return sorted(perturbation.changes, key=lambda one: (_order(one.name), one.name))


def _order(name: str) -> float:
    try:
        return find(name).order
    except FtbenchError:
        return float("inf")
