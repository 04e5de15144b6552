"""Declared claims: what is said of two methods before they are run, as users write it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ftbench.domain import axes, lists
from ftbench.domain.perturbation import Change, Perturbation
from ftbench.errors import BadValue, UnknownName

EXAMPLE = "bidrop > vanilla @ noise=0.1, tasks=cola,rte"
SIZE, METRIC = "train_size", "metric"
_AXES = ("models", "tasks", METRIC)
_ALSO = {"model": "models", "task": "tasks", "train-size": SIZE}


@dataclass(frozen=True)
class DeclaredClaim:
    """One method scores higher than another one, on average over tasks.

    Attributes:
        better: the label of the method that is said to be ahead.
        worse: that of the other one.
        models: ids; () for each model that both have run on.
        tasks: names; () for all tasks that both have.
        condition: what was done to the data, the size of the training set aside.
        train_sizes: the training rows, None for all of them; () for each size that both have run on.
        metric: what the tasks are scored by; "" for their own.
    """

    better: str
    worse: str
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    condition: Perturbation = Perturbation()
    train_sizes: tuple[int | None, ...] = ()
    metric: str = ""

    @property
    def text(self) -> str:
        """The claim in its canonical form, which ``parse`` reads."""
        given = [("models", ",".join(self.models)), ("tasks", ",".join(self.tasks))]
        given += [(one.axis, str(one.value)) for one in self.condition.changes]
        given += [(SIZE, ",".join(str(size or "full") for size in self.train_sizes)), (METRIC, self.metric)]
        conditions = ", ".join(f"{key}={value}" for key, value in given if value)
        return f"{self.better} > {self.worse}" + (f" @ {conditions}" if conditions else "")


def parse(
    text: str, names: Collection[str], changes: Callable[[str], tuple[Change | None, ...]]
) -> DeclaredClaim:
    """A claim as it was typed: ``METHOD > METHOD [@ key=value, …]``; ``a < b`` is ``b > a``.

    Args:
        text: the claim.
        names: the perturbations there are.
        changes: what ``NAME=value,value`` of one of them means.

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
    given = dict(_conditions(rest, text, names))
    models, tasks = (axes.split_names(given.pop(key, "")) for key in ("models", "tasks"))
    metric = given.pop(METRIC, "")
    sizes = changes(f"{SIZE}={given.pop(SIZE)}") if SIZE in given else ()
    found = [_one(key, changes(f"{key}={value}")) for key, value in given.items()]
    return DeclaredClaim(
        better,
        worse,
        models,
        tasks,
        condition=Perturbation.made(*(change for change in found if change)),
        train_sizes=tuple(int(change.value) if change else None for change in sizes),
        metric=metric,
    )


def metric_of(text: str) -> str:
    """The metric of a claim in its canonical form, where it stands last; "" for the tasks' own."""
    found = re.search(r"(?: @|,) metric=(\w+)$", text)
    return found[1] if found else ""


def _method(text: str) -> str:
    if len(axes.methods(text)) != 1:
        raise BadValue(f"claim about '{text}': a claim is about one method on each side, with one setting")
    return text


def _conditions(text: str, claim: str, names: Collection[str]) -> Mapping[str, str]:
    """Name -> value; an entry without a name goes on with the list before it."""
    given: dict[str, str] = {}
    last = ""
    for part in axes.outside_brackets(text, "claim"):
        key, equals, value = _pair(part)
        if not equals:
            if not last:
                raise BadValue(f"claim '{claim}': '{part}' is not key=value")
            given[last] += f",{part}"
            continue
        last = _ALSO.get(key, key)
        name = last.partition("[")[0]
        if name not in (*_AXES, *names) and ".py:" not in name:
            raise UnknownName("condition", key, [*_AXES, *names])
        if any(other.partition("[")[0] == name for other in given) or not value:
            raise BadValue(f"claim '{claim}': give {key} once, with a value")
        given[last] = value
    return given


def _pair(part: str) -> tuple[str, str, str]:
    """Key, ``=`` and value of ``noise[kind=pairflip]=0.1``."""
    key, equals, value = (text.strip() for text in lists.cut(part, "="))
    return key, equals, value


def _one(name: str, values: tuple[Change | None, ...]) -> Change | None:
    if len(values) > 1:
        raise BadValue(f"claim: {name} takes one value; declare a claim for each")
    return values[0]
