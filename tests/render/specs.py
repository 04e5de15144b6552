"""What stands in a plot's specification."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ftbench.render.plots.looks import MethodLook, of_names
from ftbench.render.plots.theme import Plot


def found(spec: Any, name: str) -> list[Any]:
    """Every value of a key, wherever it stands."""
    if isinstance(spec, Plot):
        return found(spec.chart, name)
    if isinstance(spec, list):
        return [value for part in spec for value in found(part, name)]
    if not isinstance(spec, dict):
        return []
    return [
        *([spec[name]] if name in spec else []),
        *(v for part in spec.values() for v in found(part, name)),
    ]


def values(plot: Plot, *fields: str) -> list[dict[str, Any]]:
    """The data rows of a plot that have some fields, each once."""
    lists = {id(data["values"]): data["values"] for data in found(plot, "data")}
    return [row for rows in lists.values() for row in rows if set(fields) <= set(row)]


def layer_rows(layer: dict[str, Any]) -> list[dict[str, Any]]:
    """The data rows of a layer of a specification."""
    rows: list[dict[str, Any]] = layer["data"]["values"]
    return rows


def looks_in(spec: Any, by: str = "label") -> dict[str, MethodLook]:
    """Method -> its look, as far as the channels of a specification say it; "" and () where they do not.

    Raises:
        AssertionError: a method looks different in two places.
    """
    seen: dict[str, dict[str, Any]] = {}
    for channel, name in (("color", "colour"), ("fill", "fill"), ("shape", "shape"), ("strokeDash", "dash")):
        for one in found(spec, channel):
            if isinstance(one, dict) and one.get("field") == by and "range" in one.get("scale", {}):
                for label, look in zip(one["scale"]["domain"], one["scale"]["range"], strict=True):
                    look = tuple(look) if isinstance(look, list) else look
                    assert seen.setdefault(label, {}).setdefault(name, look) == look, (label, channel)
    none = {"colour": "", "fill": "", "shape": "", "dash": ()}
    return {label: MethodLook(**{**none, **look}) for label, look in seen.items()}


def looks_for(frame: Any, more: Iterable[str] = ()) -> dict[str, MethodLook]:
    """The looks of the methods of a frame by their labels."""
    return of_names([*frame["label"], *more])
