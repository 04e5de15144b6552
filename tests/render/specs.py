"""What stands in a plot's specification."""

from __future__ import annotations

from typing import Any


def found(spec: Any, name: str) -> list[Any]:
    """Every value of a key, wherever it stands."""
    if isinstance(spec, list):
        return [value for part in spec for value in found(part, name)]
    if not isinstance(spec, dict):
        return []
    return [
        *([spec[name]] if name in spec else []),
        *(v for part in spec.values() for v in found(part, name)),
    ]


def values(spec: dict[str, Any], *fields: str) -> list[dict[str, Any]]:
    """The data rows of a specification that have some fields."""
    return [row for rows in spec["datasets"].values() for row in rows if set(fields) <= set(row)]


def layer_rows(layer: dict[str, Any], spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The data rows of a layer of a specification."""
    rows: list[dict[str, Any]] = spec["datasets"][layer["data"]["name"]]
    return rows
