"""Where perturbations are found: this folder, entry points, and files of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ftbench.domain.cards import text_of
from ftbench.domain.perturbation import Change, Perturbation
from ftbench.errors import FtbenchError
from ftbench.perturbations.base import Perturber
from ftbench.plugins import PluginEntry, Registry

ALIASES = {"train-size": "train_size"}
#: Name -> the file that a perturbation which is not installed comes from.
PluginFiles = Mapping[str, str]
NO_FILES: PluginFiles = MappingProxyType({})
#: Name -> what a perturbation which is not installed says of itself.
KnownChanges = Mapping[str, type[Perturber]]
NOTHING_KNOWN: KnownChanges = MappingProxyType({})
_PERTURBERS: Registry[Perturber] = Registry(
    "perturbation", Perturber, "ftbench.perturbations", lambda cls: cls.name, aliases=ALIASES, several=True
)


#: The attributes that a card holds.
_TEXTS = ("title", "caption", "changed", "along", "metric", "phrase")
_PLAIN = {"percent": bool, "order": int}


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


def titled(name: str, told: KnownChanges = NOTHING_KNOWN) -> type[Perturber]:
    """What a perturbation says of itself; one of which nothing is known here: little more than its name."""
    try:
        return _PERTURBERS.known(name)
    except FtbenchError:
        return told[name] if name in told else of_card(name, {})


def card_of_change(cls: type[Perturber]) -> dict[str, Any]:
    """What tables need of a user's own perturbation, as JSON values, to be kept with its jobs."""
    texts = {name: text_of(getattr(cls, name)) for name in _TEXTS}
    return {**texts, "percent": bool(cls.percent), "order": int(cls.order)}


def of_card(name: str, found: Mapping[str, Any]) -> type[Perturber]:
    """The perturbation of a card; what stands there in no good form is left out."""
    facts: dict[str, Any] = {"title": name, "caption": f"By the values of {name}", "percent": False}
    facts |= {key: text for key in _TEXTS if (text := text_of(found.get(key)))}
    facts |= {key: found[key] for key, kind in _PLAIN.items() if type(found.get(key)) is kind}
    return type("Unknown", (Perturber,), {**facts, "name": name})


def applied(perturbation: Perturbation) -> list[Change]:
    """The changes in the order in which they are applied, as far as it is known here."""
    return sorted(perturbation.changes, key=lambda one: (titled(one.name).order, one.name))


def spoken(perturbation: Perturbation, told: KnownChanges = NOTHING_KNOWN) -> list[str]:
    """The changes in words, ``noise 10 %``, that of the last to be applied first."""
    found = [(titled(one.name, told), one) for one in perturbation.changes]
    found.sort(key=lambda pair: (-pair[0].order, pair[1].name))
    return [cls.spoken(one) for cls, one in found]


def heading(perturbation: Perturbation, told: KnownChanges = NOTHING_KNOWN) -> str:
    """What stands in a title behind others: `` · noise 10 %``; "" for the clean run."""
    return "".join(f" · {text}" for text in spoken(perturbation, told))


def _references(files: PluginFiles) -> list[str]:
    return [f"{path}:{name}" for name, path in files.items()]
