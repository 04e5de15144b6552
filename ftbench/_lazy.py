"""Names that are known before what carries them is imported, so that importing the package stays cheap."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


def attach(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` of a package.

    Args:
        package: the package's name.
        homes: public name -> the module it stands in.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(importlib.import_module(homes[name]), name)

    return get, lambda: sorted(homes)


def listed(folders: Iterable[str], first: Sequence[str] = ()) -> tuple[str, ...]:
    """The public modules in a package's folders, none of them loaded.

    Args:
        folders: the package's ``__path__``.
        first: those that stand before the others, in this order; the others follow by name.
    """
    import pkgutil

    found = {module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_")}
    return (*(name for name in first if name in found), *sorted(found.difference(first)))
