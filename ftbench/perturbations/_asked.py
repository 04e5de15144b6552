"""Perturbations as users write them: ``NAME=0.1,0.2``, ``noise[kind=pairflip]=0.1``, ``./mine.py:NAME=3``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from ftbench.domain import axes, lists
from ftbench.domain.perturbation import Change, Perturbation
from ftbench.domain.plan import GridPerturbation
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue
from ftbench.perturbations._registry import NO_FILES, PluginFiles, by_place, find, heading, titled
from ftbench.perturbations.base import Perturber
from ftbench.plugins import is_file
from ftbench.settings import place

NOTHING = Perturbation()
EXAMPLE = "noise=0.1,0.2"


@dataclass(frozen=True)
class PerturbationChoice:
    """One perturbation as it was asked for.

    Attributes:
        perturber: its class.
        changes: the values that were listed, with each of the options; None for one that changes nothing.
        text: as it was typed.
        file: where it stands, where it is the user's own.
    """

    perturber: type[Perturber]
    changes: tuple[Change | None, ...]
    text: str
    file: str | None = None


@dataclass(frozen=True)
class Condition:
    """What was done to the data of some jobs.

    Attributes:
        perturbation: all of it; the size of the training set is left open where it is not named.
        title: what stands in a title behind others: `` · noise 10 %``.
    """

    perturbation: Perturbation = NOTHING
    title: str = ""


CLEAN = Condition()


def asked(text: str) -> PerturbationChoice:
    """The perturbation of ``[FILE:]NAME[option=value|value]=value,value``.

    Raises:
        BadValue: it is not written so, or a value is out of its range.
        UnknownName: a perturbation or an option that there is not.
        PluginError: a file that cannot be used.
    """
    typed, equals, values = lists.cut(text.strip(), "=")
    typed, bracket, options = lists.cut(typed, "[")
    name = lists.unescaped(typed)
    closed = options.endswith("]") if bracket else True
    if not (name and equals and closed and lists.balanced(text)) or re.search(r"[][=]", values):
        raise BadValue(f"--perturb '{text}': write NAME=value,value, such as {EXAMPLE}")
    if is_file(name) and ".py:" not in name:
        raise BadValue(f"--perturb '{text}': say which of the file's perturbations: {name}:NAME=value")
    cls = find(name)
    shown = cls.flag.lstrip("-") or cls.name
    given = axes.points(options[:-1], shown)
    numbers = [_value(cls, part, shown) for part in axes.split_names(values)]
    if not numbers:
        raise BadValue(f"{shown}: give {cls.wanted}")
    changes = [cls.change(number, options) for options in given for number in numbers]
    path = name.rpartition(":")[0]
    file = str(place(path, "perturbation").resolve()) if path and is_file(name) else None
    return PerturbationChoice(cls, tuple(dict.fromkeys(changes)), text.strip(), file)


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


def files_named(choices: Iterable[PerturbationChoice]) -> PluginFiles:
    """Where the users' own among them stand."""
    return {one.perturber.name: one.file for one in choices if one.file}


def combined(choices: Sequence[PerturbationChoice], base: Perturbation = NOTHING) -> tuple[Perturbation, ...]:
    """Every combination of what was asked for; where several are not neutral they are composed.

    Args:
        choices: two of one name are one axis with the values of both.
        base: the changes whose names none of them has.
    """
    axis: dict[str, list[Change | None]] = {}
    for one in sorted(choices, key=lambda one: (one.perturber.order, one.perturber.name)):
        listed = axis.setdefault(one.perturber.name, [])
        listed += [change for change in one.changes if change not in listed]
    kept = base.without(*axis).changes
    points = itertools.product(*axis.values())
    return tuple(Perturbation.made(*kept, *(change for change in point if change)) for point in points)


def single(texts: Iterable[str]) -> Condition:
    """The one condition that is meant by one value of each perturbation.

    Raises:
        UsageError: a perturbation that there is not, or several values of one.
    """
    choices = [asked(text) for text in texts]
    found = combined(choices)
    if len(found) > 1:
        names = [one.perturber.name for one in choices for _ in one.changes]
        several = next(name for name in names if names.count(name) > 1)
        raise BadValue(f"{several}: give one value; each is a condition of its own")
    told = {one.perturber.name: one.perturber for one in choices}
    return Condition(found[0], heading(found[0].condition, told))


def grid_of(perturbation: Perturbation, files: PluginFiles = NO_FILES) -> GridPerturbation:
    """A perturbation as a plan takes it, which knows what suits it and where the users' own stand."""
    own = {one.name: files[one.name] for one in perturbation.changes if one.name in files}
    return GridPerturbation(perturbation, partial(_refused, perturbation, own), own)


def _refused(
    perturbation: Perturbation, files: PluginFiles, task: TaskSpec, rows: int | None
) -> tuple[str, str] | None:
    """Which change a task does not take, and why; None where it takes all."""
    for one in by_place(perturbation, files):
        reason = one.unsuitable(task, rows)
        if reason:
            return next(c for c in perturbation.changes if c.name == one.name).spoken, reason
    return None


def flag(text: str) -> tuple[str, str]:
    """The flag and its value for a perturbation as it is typed: ``--noise 0.1``, ``--perturb mine=3``."""
    name, _, values = lists.cut(text, "=")
    own = titled(name).flag if "[" not in name and not is_file(name) else ""
    return (own, values) if own else ("--perturb", text)
