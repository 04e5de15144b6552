"""Where trackers are found: this folder, entry points, and files of the user's own."""

from __future__ import annotations

from ftbench.plugins import PluginEntry, Registry
from ftbench.trackers.base import Tracker

#: Other spellings, in lower case.
ALIASES = {"tb": "tensorboard", "w&b": "wandb"}

_TRACKERS = Registry("tracker", Tracker, "ftbench.trackers", lambda cls: cls.name(), aliases=ALIASES)


def find(name: str) -> type[Tracker]:
    """The class behind a name or alias, or in a file (``./mine.py``); whether it can be used is not asked.

    Raises:
        UnknownName: nothing carries the name.
        PluginError: the file or entry point that carries it cannot be used.
    """
    return _TRACKERS.find(name)


def available() -> list[PluginEntry[Tracker]]:
    """Every tracker there is, by name; what cannot be used is listed with its error."""
    return _TRACKERS.available()


def names() -> tuple[str, ...]:
    """The names of the trackers that there are."""
    return tuple(entry.name for entry in available() if entry.cls is not None)
