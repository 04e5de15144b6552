"""Hyper-parameters: declared once as a frozen dataclass, read from the command line, checked by range."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from ftbench.errors import BadValue, UnknownName

T = TypeVar("T")
Value = int | float | bool | str | None


def hparam(
    default: Any,
    *,
    range: tuple[float, float] | None = None,
    open: str = "",
    choices: tuple[str, ...] = (),
    unit: str = "",
    help: str = "",
    grid: tuple[Any, ...] = (),
    log: bool = False,
    later: bool = False,
) -> Any:
    """A field of a hyper-parameter dataclass.

    Args:
        default: the value where none is given.
        range: smallest and largest value, both allowed unless ``open`` says otherwise.
        open: ``"low"``, ``"high"`` or ``"both"``: which ends of the range are excluded.
        choices: the words a string may be.
        unit: what the number counts, for the card.
        help: one line for the card.
        grid: the values that a search tries.
        log: the search draws between the ends of ``grid``, evenly in the logarithm.
        later: jobs were queued before it was there: at its default, a job's identity leaves it out.
    """
    spec: dict[str, Any] = {"range": range, "open": open, "choices": choices, "unit": unit, "help": help}
    spec |= {"grid": grid, "log": log}
    return dataclasses.field(default=default, metadata={"hparam": spec, "later": later})


@dataclass(frozen=True)
class HParamSpec:
    """One hyper-parameter as a card shows it."""

    name: str
    type: str
    default: Value
    range: tuple[float, float] | None
    open: str
    choices: tuple[str, ...]
    unit: str
    help: str
    grid: tuple[Value, ...]
    log: bool = False

    @property
    def interval(self) -> str:
        """The range as it is written, ``[0, 1)``; "" without one."""
        if self.range is None:
            return ""
        low, high = self.range
        left = "(" if self.open in ("low", "both") else "["
        right = ")" if self.open in ("high", "both") or high == math.inf else "]"
        return f"{left}{low:g}, {high:g}{right}"

    def takes(self, number: float) -> bool:
        """Whether a number is in the range."""
        if self.range is None:
            return True
        low, high = self.range
        below = number <= low if self.open in ("low", "both") else number < low
        above = number >= high if self.open in ("high", "both") else number > high
        return not below and not above


@cache
def describe(cls: type[Any]) -> tuple[HParamSpec, ...]:
    """The hyper-parameters of a dataclass, in the order of their declaration."""
    hints = typing.get_type_hints(cls)
    specs = []
    for field in dataclasses.fields(cls):
        meta = field.metadata.get("hparam", {})
        names = [t.__name__ for t in _alternatives(hints[field.name]) if t is not types.NoneType]
        default = None if field.default is dataclasses.MISSING else field.default
        specs.append(
            HParamSpec(
                name=field.name,
                type="|".join(names),
                default=default,
                range=meta.get("range"),
                open=meta.get("open", ""),
                choices=meta.get("choices", ()),
                unit=meta.get("unit", ""),
                help=meta.get("help", ""),
                grid=meta.get("grid", ()),
                log=meta.get("log", False),
            )
        )
    return tuple(specs)


def parse(cls: type[T], given: Mapping[str, Any], *, kind: str = "hyper-parameter", owner: str = "") -> T:
    """Make a dataclass from values as a user wrote them.

    Strings become the declared type (``"0.7"``, ``"true"``, ``"none"``); ranges and choices are checked.

    Args:
        cls: a dataclass whose fields are simple values.
        given: name -> value; what is missing takes its default.
        kind: what a field is called in messages.
        owner: whose field it is, for messages.

    Raises:
        UnknownName: a name that the dataclass does not have.
        BadValue: a value of the wrong type or out of range.
    """
    declared: Any = cls
    specs, hints = {s.name: s for s in describe(declared)}, _hints(declared)
    values = {}
    for name, raw in given.items():
        if name not in specs:
            raise UnknownName(f"{kind} of {owner}" if owner else kind, name, specs)
        where = f"{owner} {name}" if owner else name
        value = _convert(raw, _alternatives(hints[name]), where)
        _check(value, specs[name], where)
        values[name] = value
    return cls(**values)


def as_dict(instance: Any) -> dict[str, Value]:
    """The dataclass as plain values, every field explicit."""
    return {f.name: cast(Value, getattr(instance, f.name)) for f in dataclasses.fields(instance)}


def identity(instance: Any) -> dict[str, Value]:
    """The dataclass as a job's identity has it: every field but those that came later, at their default."""
    fields = {f.name: f for f in dataclasses.fields(instance)}
    return {
        name: value
        for name, value in as_dict(instance).items()
        if not fields[name].metadata.get("later") or value != fields[name].default
    }


def normalise(value: Any) -> Any:
    """One spelling per number: 3.0 is 3, -0.0 is 0; lists and dicts are walked."""
    if value is None or isinstance(value, str | int):  # most are, and asking for a mapping takes long
        return value
    if isinstance(value, Mapping):
        return {str(k): normalise(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [normalise(v) for v in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadValue(f"{value} is not a finite number")
        return int(value) if value == int(value) and abs(value) < 2**53 else value
    return value


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _alternatives(hint: Any) -> tuple[type, ...]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)


def _convert(raw: Any, allowed: tuple[type, ...], where: str) -> Value:
    text = raw.strip() if isinstance(raw, str) else raw
    if types.NoneType in allowed and (text is None or text in ("none", "None", "null", "")):
        return None
    if bool in allowed:
        known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False}
        known["0"] = False
        if isinstance(text, bool):
            return text
        if str(text).lower() in known:
            return known[str(text).lower()]
    for kind in (int, float):
        if kind not in allowed or isinstance(text, bool) or text is None:
            continue
        try:
            number = float(text)
        except (TypeError, ValueError):
            continue
        if not math.isfinite(number):
            raise BadValue(f"{where}: {text} is not a finite number")
        if kind is int and number != int(number):
            continue
        return int(number) if kind is int else number
    if str in allowed and isinstance(text, str):
        return text
    names = " or ".join(t.__name__ for t in allowed if t is not types.NoneType)
    raise BadValue(f"{where}: '{raw}' is not a value of type {names}")


def _check(value: Value, spec: HParamSpec, where: str) -> None:
    if spec.choices and value is not None and value not in spec.choices:
        raise UnknownName(f"value of {where}", str(value), spec.choices)
    if spec.range is None or value is None or isinstance(value, str | bool):
        return
    if not spec.takes(value):
        raise BadValue(f"{where}: {value} is outside {spec.interval}")
