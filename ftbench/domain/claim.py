"""Declared claims: what is said of two methods before they are run, as users write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from ftbench.domain import axes
from ftbench.errors import BadValue, UnknownName

T = TypeVar("T")
EXAMPLE = "bidrop > vanilla @ noise=0.1, tasks=cola,rte"
CONDITIONS = ("models", "tasks", "noise", "reduction", "train_size")
_ALSO = {"model": "models", "task": "tasks", "train-size": "train_size"}


@dataclass(frozen=True)
class DeclaredClaim:
    """One method scores higher than another one, on average over tasks.

    Attributes:
        better: the label of the method that is said to be ahead.
        worse: that of the other one.
        models: ids; () for each model that both have run on.
        tasks: names; () for all tasks that both have.
        noise: the ratio of wrong labels.
        reduction: the ratio by which label 1 is reduced.
        train_sizes: the training rows, None for all of them; () for each size that both have run on.
    """

    better: str
    worse: str
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    noise: float = 0.0
    reduction: float = 0.0
    train_sizes: tuple[int | None, ...] = ()

    @property
    def text(self) -> str:
        """The claim in its canonical form, which ``parse`` reads."""
        given = {
            "models": ",".join(self.models),
            "tasks": ",".join(self.tasks),
            "noise": f"{self.noise:g}" if self.noise else "",
            "reduction": f"{self.reduction:g}" if self.reduction else "",
            "train_size": ",".join(str(size or "full") for size in self.train_sizes),
        }
        conditions = ", ".join(f"{key}={value}" for key, value in given.items() if value)
        return f"{self.better} > {self.worse}" + (f" @ {conditions}" if conditions else "")


def parse(text: str) -> DeclaredClaim:
    """A claim as it was typed: ``METHOD > METHOD [@ key=value, …]``; ``a < b`` is ``b > a``.

    Raises:
        BadValue: it is not written so, or a value is out of its range.
        UnknownName: a condition that there is not.
    """
    said, _, rest = text.partition("@")
    sides = re.split(r"\s*[<>]\s*", said.strip())
    if len(sides) != 2 or not all(sides):
        raise BadValue(f"claim '{text}': write METHOD > METHOD [@ key=value, …], such as '{EXAMPLE}'")
    left, right = (_method(side) for side in sides)
    better, worse = (left, right) if ">" in said else (right, left)
    given = _conditions(rest, text)
    return DeclaredClaim(
        better,
        worse,
        models=axes.split_names(given.get("models", "")),
        tasks=axes.split_names(given.get("tasks", "")),
        noise=_one("noise", axes.ratios(given.get("noise", "0"), "noise")),
        reduction=_one("reduction", axes.ratios(given.get("reduction", "0"), "reduction")),
        train_sizes=axes.train_sizes(given["train_size"]) if "train_size" in given else (),
    )


def _method(text: str) -> str:
    if len(axes.methods(text)) != 1:
        raise BadValue(f"claim about '{text}': a claim is about one method on each side, with one setting")
    return text


def _conditions(text: str, claim: str) -> Mapping[str, str]:
    """Name -> value; an entry without a name goes on with the list before it."""
    given: dict[str, str] = {}
    last = ""
    for part in axes.split_names(text):
        key, equals, value = (p.strip() for p in part.partition("="))
        if not equals:
            if not last:
                raise BadValue(f"claim '{claim}': '{part}' is not key=value")
            given[last] += f",{part}"
            continue
        last = _ALSO.get(key, key)
        if last not in CONDITIONS:
            raise UnknownName("condition", key, CONDITIONS)
        if last in given or not value:
            raise BadValue(f"claim '{claim}': give {key} once, with a value")
        given[last] = value
    return given


def _one(name: str, values: tuple[T, ...]) -> T:
    if len(values) > 1:
        raise BadValue(f"claim: {name} takes one value; declare a claim for each")
    return values[0]
