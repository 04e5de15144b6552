"""The files of users' own methods and perturbations, as commands that are printed name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ftbench.domain import lists
from ftbench.perturbations import flag


@dataclass(frozen=True)
class OwnFiles:
    """Where users' own methods and perturbations stand, by name: commands name the file.

    Attributes:
        methods: method -> the files that it may come from.
        perturbations: perturbation -> its file.
    """

    methods: Mapping[str, Sequence[str]] = field(default_factory=dict)
    perturbations: Mapping[str, str] = field(default_factory=dict)

    def method(self, label: str) -> str:
        """A method's label as ``--methods`` takes it: a file in place of the name, where it has one."""
        name, bracket, inside = label.partition("[")
        files = self.methods.get(name, ())
        return (lists.escaped(_typed_file(files[0]), ",[]") if files else name) + bracket + inside

    def over(self, places: Mapping[str, Any]) -> OwnFiles:
        """These before the files of ``places``, which has ``methods`` and ``perturbations`` by name."""
        named = {name: (file,) for name, file in places.get("methods", {}).items()}
        found = {name: files for name, files in self.methods.items() if files}
        return OwnFiles(named | found, {**places.get("perturbations", {}), **self.perturbations})

    def change(self, text: str) -> tuple[str, str]:
        """The flag and its value for a perturbation, ``NAME=value``."""
        file = self.perturbations.get(text.partition("=")[0].partition("[")[0])
        return flag(f"{lists.escaped(_typed_file(file), '[]=')}:{text}" if file else text)


NO_OWN = OwnFiles()


def _typed_file(path: str | Path) -> str:
    """A plug-in's file as it can be typed here: ``./mine.py`` where it stands in or below this folder."""
    try:
        return f"./{Path(path).relative_to(Path.cwd())}"
    except (ValueError, OSError):
        return str(path)
