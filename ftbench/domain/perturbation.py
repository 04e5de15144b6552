"""Perturbation: what a job changes in its data, as plain values; what each change does is a plug-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ftbench.domain.hparams import Value, normalise


class Change(NamedTuple):
    """One change with its value; 0 or None, which change nothing, make none.

    Attributes:
        name: of the perturbation, ``noise``.
        value: how much of it; a fraction or a count.
        options: those that depart from their defaults, by name.
    """

    name: str
    value: float
    options: tuple[tuple[str, Value], ...] = ()

    @property
    def axis(self) -> str:
        """The change without its value, as it is typed: ``noise``, ``noise[kind=pairflip]``."""
        inside = ",".join(f"{name}={value}" for name, value in self.options)
        return f"{self.name}[{inside}]" if inside else self.name

    @property
    def text(self) -> str:
        """The change as it is typed: ``noise=0.1``."""
        return f"{self.axis}={self.value}"

    @property
    def spoken(self) -> str:
        """The change in words: ``train size 300``."""
        return f"{self.name.replace('_', ' ')}{self.axis.removeprefix(self.name)} {self.value:g}"


@dataclass(frozen=True)
class Perturbation:
    """The changes of a job, one of a name, in the order of their names; none is the clean run."""

    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Perturbation:
        """The perturbation of a canonical form, or of values by name: ``{"noise": 0.1, "train_size": 300}``.

        Raises:
            KeyError: an entry with options has no value.
        """
        changes: list[Change] = []
        for name, entry in normalise(spec).items():
            options = dict(entry) if isinstance(entry, Mapping) else {"value": entry}
            value = options.pop("value")
            if value:
                changes.append(Change(name, value, tuple(sorted(options.items()))))
        return cls.made(*changes)

    @classmethod
    def made(cls, *changes: Change) -> Perturbation:
        """The perturbation of some changes, in any order."""
        return cls(tuple(sorted(changes)))

    def canonical(self) -> dict[str, Any]:
        """The changes as JSON values; {} for the clean run.

        A change is its value, or ``{"value": …, …}`` where it has options.
        """
        return {
            one.name: {"value": one.value, **dict(one.options)} if one.options else one.value
            for one in self.changes
        }

    def value(self, name: str) -> float:
        """How much there is of a perturbation; 0 without."""
        return next((one.value for one in self.changes if one.name == name), 0.0)

    def without(self, *names: str) -> Perturbation:
        """The other changes."""
        return Perturbation(tuple(one for one in self.changes if one.name not in names))

    @cached_property
    def train_size(self) -> int | None:
        """The rows of the training subset; None for all."""
        return int(self.value("train_size")) or None

    @cached_property
    def condition(self) -> Perturbation:
        """All but the size of the training set, which sets tables apart as the model does."""
        return self.without("train_size")
