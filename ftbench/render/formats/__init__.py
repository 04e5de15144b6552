"""The formats of reports, one file each, found by listing this folder; a file is loaded when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from ftbench._lazy import listed
from ftbench.errors import UnknownName
from ftbench.render.formats._format import Format, Screen

__all__ = ["Format", "Screen", "find", "names", "suffixes"]

#: The order in which people are told of them; others follow by name.
ORDER = ("rich", "markdown", "latex", "csv", "json", "html")


def names(*, lists: bool = False) -> tuple[str, ...]:
    """What ``--format`` takes; loads none of them.

    Args:
        lists: those alone that print lists of findings; loads all of them.
    """
    found = listed(__path__, ORDER)
    return tuple(name for name in found if find(name).sheets) if lists else found


@cache
def find(name: str) -> Format:
    """The format of a name.

    Raises:
        UnknownName: there is none.
    """
    if name not in names():
        raise UnknownName("format", name, names())
    found: Format = importlib.import_module(f"{__name__}.{name}").FORMAT
    return found


def recognised(text: str) -> str:
    """The format that a user means, in any case; the end of a file's name stands for one (``md``)."""
    key = text.strip().lower()
    return key if key in names() else suffixes().get(f".{key}", text)


def suffixes(*, lists: bool = False) -> Mapping[str, str]:
    """The formats that a file's name asks for: its end -> format; ``lists`` as for ``names``."""
    return {find(name).suffix: name for name in names(lists=lists)}
