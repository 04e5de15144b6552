"""Where perturbations are found: this folder, entry points, and files of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ftbench.domain.perturbation import Change, Perturbation
from ftbench.errors import FtbenchError
from ftbench.perturbations.base import Perturber
from ftbench.plugins import PluginEntry, Registry

ALIASES = {"train-size": "train_size"}
#: Name -> the file that a perturbation which is not installed comes from.
PluginFiles = Mapping[str, str]
NO_FILES: PluginFiles = MappingProxyType({})
_PERTURBERS: Registry[Perturber] = Registry(
    "perturbation", Perturber, "ftbench.perturbations", lambda cls: cls.name, aliases=ALIASES, several=True
)


def find(name: str, files: PluginFiles = NO_FILES) -> type[Perturber]:
    """The class behind a name.

    Args:
        name: of a perturbation, or a file and a name in it (``./mine.py:typos``).
        files: where those that are not installed come from.

    Raises:
        UnknownName: nothing carries the name.
        PluginError: the file or entry point that carries it cannot be used.
    """
    return _PERTURBERS.find(name, _references(files))


def available(files: PluginFiles = NO_FILES) -> list[PluginEntry[Perturber]]:
    """Every perturbation there is, by name; what cannot be used is listed with its error."""
    return _PERTURBERS.available(_references(files))


def by_place(perturbation: Perturbation, files: PluginFiles = NO_FILES) -> list[Perturber]:
    """The changes of a perturbation in the order in which they are applied.

    Args:
        perturbation: the changes.
        files: where those that are not installed come from.

    Raises:
        UnknownName, PluginError: one that cannot be found.
        UsageError: a value or an option that one does not have.
    """
    known = [(_PERTURBERS.known(one.name, _references(files)), one) for one in perturbation.changes]
    made = [cls.made(one) for cls, one in known]
    return sorted(made, key=lambda one: (one.order, one.name))


def titled(name: str, files: PluginFiles = NO_FILES) -> type[Perturber]:
    """What a perturbation says of itself; one that cannot be found here: little more than its name."""
    try:
        return _PERTURBERS.known(name, _references(files))
    except FtbenchError:
        facts = {"name": name, "title": name, "caption": f"By the values of {name}", "percent": False}
        return type("Unknown", (Perturber,), facts)


def applied(perturbation: Perturbation) -> list[Change]:
    """The changes in the order in which they are applied, as far as it is known here."""
    return sorted(perturbation.changes, key=lambda one: (titled(one.name).order, one.name))


def spoken(perturbation: Perturbation, files: PluginFiles = NO_FILES) -> list[str]:
    """The changes in words, ``noise 10 %``, that of the last to be applied first."""
    found = [(titled(one.name, files), one) for one in perturbation.changes]
    found.sort(key=lambda pair: (-pair[0].order, pair[1].name))
    return [cls.spoken(one) for cls, one in found]


def heading(perturbation: Perturbation, files: PluginFiles = NO_FILES) -> str:
    """What stands in a title behind others: `` · noise 10 %``; "" for the clean run."""
    return "".join(f" · {text}" for text in spoken(perturbation, files))


def _references(files: PluginFiles) -> list[str]:
    return [f"{path}:{name}" for name, path in files.items()]
