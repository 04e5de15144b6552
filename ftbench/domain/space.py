"""Space: what a tuning searches: dimensions that all methods share, and those of each method's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftbench.domain.hparams import Value
from ftbench.errors import BadValue

DIGITS = 4
"""Of a number drawn from a range, so that it can be typed; more would be lost in the noise of seeds."""
EITHER = (("epochs", "steps"), ("warmup_ratio", "warmup_steps"))
"""Settings of which a recipe has one: a space that had both would search one of them for nothing."""


@dataclass(frozen=True)
class Dimension:
    """One setting or hyper-parameter of a space: a list of values, or a range.

    Attributes:
        name: of the recipe's setting or the method's hyper-parameter.
        values: those that are tried; () for a range.
        low, high: the ends of the range, both within it.
        log: whether the range is even in the logarithm.
        whole: whether only whole numbers are meant.
        hparam: whether it is a method's hyper-parameter, which may have the name of a setting.
    """

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    hparam: bool = False

    def __post_init__(self) -> None:
        """Refuse what nothing can be drawn from.

        Raises:
            BadValue: an empty range, a log range that reaches 0, a value twice.
        """
        if self.values:
            if len(set(self.values)) < len(self.values):
                raise BadValue(f"space: {self.name} lists a value twice")
        elif not self.low < self.high:
            raise BadValue(f"space: {self.name}: the range from {self.low:g} to {self.high:g} is empty")
        elif self.log and self.low <= 0:
            raise BadValue(f"space: {self.name}: a log range cannot begin at {self.low:g}: give low above 0")

    def at(self, place: float) -> Value:
        """The value at a place in [0, 1)."""
        if self.values:
            return self.values[min(int(place * len(self.values)), len(self.values) - 1)]
        if self.whole and not self.log:
            return min(math.floor(self.low) + int(place * (self.high - self.low + 1)), math.floor(self.high))
        if self.log:
            return self.rounded(self.low * (self.high / self.low) ** place)
        return self.rounded(self.low + (self.high - self.low) * place)

    def rounded(self, value: Value) -> Value:
        """A value as it is tried: a number of a range with few digits, others as they are."""
        if self.values or isinstance(value, str) or value is None:
            return value
        found = min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)
        return round(found) if self.whole else found

    def ends(self) -> tuple[Value, ...]:
        """Values that must be taken for all to be: those listed, or the ends of the range."""
        if self.values:
            return self.values
        return (round(self.low), round(self.high)) if self.whole else (self.low, self.high)

    def document(self) -> list[Value] | dict[str, Any]:
        """As a file of a space has it."""
        if self.values:
            return list(self.values)
        words = {"log": True} if self.log else {}
        return {"low": self.low, "high": self.high, **words}

    @property
    def text(self) -> str:
        """In a caption: ``lr 1e-05 to 0.001 (log)``, ``epochs 3|5|10``."""
        if self.values:
            return (
                f"{self.name} {'|'.join(f'{v:g}' if isinstance(v, float) else str(v) for v in self.values)}"
            )
        return f"{self.name} {self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


@dataclass(frozen=True)
class Space:
    """What is searched.

    Attributes:
        name: ``default``, ``paper``, or the name of a file.
        shared: settings of the recipe; a draw has the same place in them for every method.
        own: a method's label -> its hyper-parameters, and settings that it alone searches. One that is
            shared, too, has other values for this method, and the place of the shared one.
    """

    name: str
    shared: tuple[Dimension, ...]
    own: Mapping[str, tuple[Dimension, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse two settings of which a recipe has one.

        Raises:
            BadValue: there are such.
        """
        for mine in self.own.values() or ((),):
            names = {one.name for one in (*self.shared, *mine) if not one.hparam}
            for pair in EITHER:
                if names >= set(pair):
                    raise BadValue(f"space: {pair[0]} and {pair[1]} exclude each other; search one of them")

    def of(self, label: str) -> tuple[tuple[Dimension, ...], tuple[Dimension, ...]]:
        """The dimensions of a method: those at the shared places, in their order, and its further ones."""
        mine = self.own.get(label, ())
        instead = {one.name: one for one in mine if not one.hparam}
        names = {one.name for one in self.shared}
        further = tuple(one for one in mine if one.hparam or one.name not in names)
        return tuple(instead.get(one.name, one) for one in self.shared), further

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "name": self.name,
            "shared": {one.name: one.document() for one in self.shared},
            "methods": {k: {one.name: one.document() for one in own} for k, own in self.own.items()},
        }

    @property
    def text(self) -> str:
        """In a caption."""
        return ", ".join(one.text for one in self.shared) or "nothing shared"
