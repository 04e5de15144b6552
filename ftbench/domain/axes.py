"""Axes: the lists that span a grid, as users write them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ftbench.domain import hparams, lists
from ftbench.domain.recipe import Recipe
from ftbench.errors import BadValue, UnknownName

MAX_SEEDS = 10_000
MAX_SEED = 2**63 - 1
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class MethodChoice:
    """A method as it was asked for.

    Attributes:
        name: a name, an alias or the path of a file.
        given: hyper-parameters as text; the others take their defaults.
        every: whether all the settings of a database are meant, typed ``bidrop[*]``.
    """

    name: str
    given: Mapping[str, str] = field(hash=False)
    every: bool = False

    @property
    def text(self) -> str:
        """As it is typed."""
        inside = "*" if self.every else ",".join(f"{name}={value}" for name, value in self.given.items())
        name = lists.escaped(self.name, ",[]")
        return f"{name}[{inside}]" if inside else name

    @property
    def queued(self) -> str:
        """As ``queue`` takes it, which knows of no settings of a database: the name alone."""
        return replace(self, every=False).text

    def fits(self, values: Mapping[str, object]) -> bool:
        """Whether hyper-parameters are those that were given; the others may be anything."""
        return all(name in values and _spells(text, values[name]) for name, text in self.given.items())


@dataclass(frozen=True)
class RecipeChoice:
    """Recipe settings as they were asked for; each of several values is an axis of its own.

    Attributes:
        given: name -> values, as text.
    """

    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that have several values."""
        return tuple(name for name, values in self.given.items() if len(values) > 1)

    @property
    def texts(self) -> tuple[str, ...]:
        """As they are typed, ``lr=1e-5`` or ``lr=1e-5|2e-5`` each."""
        return tuple(f"{name}={'|'.join(values)}" for name, values in self.given.items())

    def points(self) -> tuple[RecipeChoice, ...]:
        """One choice for each point of the grid, with one value of each setting."""
        every = itertools.product(*self.given.values())
        return tuple(RecipeChoice({k: (v,) for k, v in zip(self.given, one, strict=True)}) for one in every)

    def values(self) -> dict[str, str]:
        """Name -> value, of a choice that is no grid.

        Raises:
            ValueError: a setting has several values.
        """
        return {name: value for name, (value,) in self.given.items()}


def split_names(text: str) -> tuple[str, ...]:
    r"""The entries of a comma-separated list, without repetitions; ``\\,`` is a comma in one."""
    return tuple(dict.fromkeys(lists.unescaped(part) for part in lists.divided(text) if part))


def methods(text: str) -> tuple[MethodChoice, ...]:
    """The methods of ``bidrop[k=2|3,keep_ratio=0.7],rdrop``: commas separate, ``|`` spans a grid.

    ``bidrop[*]`` are all the settings of a database.

    Raises:
        BadValue: the brackets do not close, or an entry inside them is not ``name=value``.
    """
    choices: list[MethodChoice] = []
    for part in outside_brackets(text, "methods"):
        name, bracket, rest = lists.cut(part, "[")
        if not name.strip() or (bracket and not rest.endswith("]")):
            raise BadValue(f"method '{part}': write name[key=value,key=value|value]")
        if rest.strip() == "*]":
            choices.append(MethodChoice(lists.unescaped(name), {}, every=True))
            continue
        for given in points(rest[:-1] if bracket else "", f"method '{part}'"):
            choices.append(MethodChoice(lists.unescaped(name), given))
    return tuple(one for at, one in enumerate(choices) if one not in choices[:at])


def seeds(text: str) -> tuple[int, ...]:
    """The seeds of ``10`` (0 to 9) or ``0,3,7`` (those; ``7,`` is seed 7 alone).

    Raises:
        BadValue: not numbers, none, or too many.
    """
    values = [
        _integer(part, f"seeds '{text}'", "a number of seeds (10) or a list (0,3,7)")
        for part in split_names(text)
    ]
    if "," in text and values:
        if max(values) > MAX_SEED or min(values) < 0:
            raise BadValue(f"seeds '{text}': a seed is from 0 to 2^63 - 1")
        return tuple(dict.fromkeys(values))
    if not values or not 1 <= values[0] <= MAX_SEEDS:
        raise BadValue(f"seeds '{text}': give 1 to {MAX_SEEDS} seeds, or list them (0,3,7)")
    return tuple(range(values[0]))


def recipe_settings(pairs: Iterable[str]) -> RecipeChoice:
    """The recipe settings of ``lr=1e-5`` and the like; ``|`` spans a grid.

    Raises:
        BadValue: an entry is not ``name=value``, or a name stands twice.
        UnknownName: a recipe has no such setting.
    """
    known = [spec.name for spec in hparams.describe(Recipe)]
    given: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, right = (p.strip() for p in pair.partition("="))
        values = tuple(dict.fromkeys(v.strip() for v in right.split("|")))
        if not equals or not key or not all(values):
            raise BadValue(f"--set '{pair}': write it as name=value, such as lr=1e-5")
        if key not in known:
            raise UnknownName("recipe setting", key, known)
        if key in given:
            both = "|".join(dict.fromkeys((*given[key], *values)))
            raise BadValue(f"--set {key} is given twice; for both write --set '{key}={both}'")
        given[key] = values
    return RecipeChoice(given)


def _spells(text: str, value: object) -> bool:
    """Whether a text means a value: ``1e-1`` and ``0.1`` are the same number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value).lower() == text.lower()


def outside_brackets(text: str, kind: str) -> list[str]:
    """The entries of a list divided by the commas that stand in no brackets.

    Args:
        text: the list.
        kind: what it is a list of, for messages.

    Raises:
        BadValue: the brackets do not match.
    """
    if not lists.balanced(text):
        raise BadValue(f"{kind} '{text}': the brackets do not match")
    return [part for part in lists.divided(text, brackets=True) if part]


def points(text: str, owner: str) -> list[dict[str, str]]:
    """What stands in brackets, each point of its grid: ``k=2|3,a=b`` gives two of two values.

    Raises:
        BadValue: an entry is not ``name=value``, or stands twice.
    """
    values: dict[str, list[str]] = {}
    for pair in filter(None, lists.divided(text)):
        key, equals, right = (p.strip() for p in lists.cut(pair, "="))
        found = [lists.unescaped(value) for value in lists.divided(right, "|")]
        if not equals or not _KEY.fullmatch(key) or not all(found):
            raise BadValue(f"{owner}: '{pair}' is not key=value or key=value|value")
        if key in values:
            raise BadValue(f"{owner}: {key} is given twice; write {key}=a|b for a grid")
        values[key] = found
    return [dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())]


def _integer(part: str, what: str, wanted: str) -> int:
    try:
        return int(part)
    except ValueError:
        raise BadValue(f"{what}: '{part}' is not a whole number; give {wanted}") from None


def seed_ranges(seeds: Iterable[int]) -> str:
    """Seeds in short: ``0–4, 7``."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(f"{r[0]}–{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)
