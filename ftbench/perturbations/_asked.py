"""Perturbations as users write them: ``NAME=0.1,0.2``, ``noise[kind=pairflip]=0.1``, ``./mine.py:NAME=3``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ftbench.domain import axes
from ftbench.domain.perturbation import Change
from ftbench.errors import BadValue
from ftbench.perturbations._registry import find
from ftbench.perturbations.base import Perturber
from ftbench.plugins import is_file

_ENTRY = re.compile(r"(?P<name>[^\[\]=]+)(\[(?P<options>[^\[\]]*)\])?=(?P<values>[^\[\]=]*)")
EXAMPLE = "noise=0.1,0.2"


@dataclass(frozen=True)
class PerturbationChoice:
    """One perturbation as it was asked for.

    Attributes:
        perturber: its class.
        changes: the values that were listed, with each of the options; None for one that changes nothing.
        file: ``FILE:NAME``, where it is the user's own.
    """

    perturber: type[Perturber]
    changes: tuple[Change | None, ...]
    file: str | None = None


def asked(text: str) -> PerturbationChoice:
    """The perturbation of ``[FILE:]NAME[option=value|value]=value,value``.

    Raises:
        BadValue: it is not written so, or a value is out of its range.
        UnknownName: a perturbation or an option that there is not.
        PluginError: a file that cannot be used.
    """
    found = _ENTRY.fullmatch(text.strip())
    if found is None:
        raise BadValue(f"--perturb '{text}': write NAME=value,value, such as {EXAMPLE}")
    name, values = found["name"].strip(), found["values"]
    if is_file(name) and ".py:" not in name:
        raise BadValue(f"--perturb '{text}': say which of the file's perturbations: {name}:NAME=value")
    cls = find(name)
    shown = cls.flag.lstrip("-") or cls.name
    given = axes.points(found["options"] or "", shown)
    numbers = [_value(cls, part, shown) for part in axes.names(values)]
    if not numbers:
        raise BadValue(f"{shown}: give {cls.wanted}")
    changes = [cls.change(number, options) for options in given for number in numbers]
    path, _, own = name.rpartition(":")
    file = f"{Path(path).expanduser().resolve()}:{own}" if is_file(name) else None
    return PerturbationChoice(cls, tuple(dict.fromkeys(changes)), file)


def _value(cls: type[Perturber], part: str, shown: str) -> float:
    """A value as it was typed; 0 for the one that changes nothing.

    Raises:
        BadValue: it is not a number of the right kind, or out of range.
    """
    spec = cls.value()
    if cls.neutral and part == cls.neutral:
        return 0
    try:
        number = float(part)
        whole = number == int(number)
    except (ValueError, OverflowError):
        whole, number = False, float("nan")
    if number != number or ("float" not in spec.type and not whole):
        kind = "number" if "float" in spec.type else "whole number"
        raise BadValue(f"{shown} '{part}' is not a {kind}; give {cls.wanted}")
    if not spec.takes(number):
        raise BadValue(f"{shown} {part} is outside {spec.interval}; give {cls.wanted}")
    return number
