"""The files of users' own methods and perturbations, as commands that are printed name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ftbench.domain import lists
from ftbench.domain.task import TaskSpec
from ftbench.perturbations import flag
from ftbench.tasks.own.pick import usual
from ftbench.tasks.own.place import name_of_file, name_of_folder


@dataclass(frozen=True)
class OwnFiles:
    """Where users' own methods and perturbations stand, by name: commands name the file.

    Attributes:
        methods: method -> the files that it may come from.
        perturbations: perturbation -> its file.
        tasks: the tasks that are users' own files.
    """

    methods: Mapping[str, Sequence[str]] = field(default_factory=dict)
    perturbations: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, TaskSpec] = field(default_factory=dict)

    def method(self, label: str) -> str:
        """A method's label as ``--methods`` takes it: a file in place of the name, where it has one."""
        name, bracket, inside = label.partition("[")
        files = self.methods.get(name, ())
        return (lists.escaped(_typed_file(files[0]), ",[]") if files else name) + bracket + inside

    def over(self, places: Mapping[str, Any]) -> OwnFiles:
        """These before the files of ``places``, which has ``methods`` and ``perturbations`` by name."""
        named = {name: (file,) for name, file in places.get("methods", {}).items()}
        found = {name: files for name, files in self.methods.items() if files}
        return replace(
            self,
            methods=named | found,
            perturbations={**places.get("perturbations", {}), **self.perturbations},
        )

    def task_flags(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """``--tasks``, and the columns of users' own files where these have no usual names."""
        named = list(dict.fromkeys(names))
        typed = ",".join(lists.escaped(self._place(name)) for name in named)
        mine = [self.tasks[name] for name in named if name in self.tasks]
        said = [spec.own for spec in mine if spec.own is not None and not usual(spec.own)]
        columns = [("--text", ",".join(said[0].text)), ("--label", said[0].label)] if said else []
        return [("--tasks", typed), *columns]

    def _place(self, name: str) -> str:
        """What is typed for a task: the file, folder or id of the hub that its rows come from."""
        spec = self.tasks.get(name)
        if spec is None or spec.own is None:
            return name
        if spec.own.source:
            return spec.own.source
        files, folder = spec.own.files, Path(spec.own.place)
        train = files.get("train", ())
        if len(train) != 1 or "/" in train[0]:
            return _typed_file(folder)
        file = folder / train[0]
        if set(files.values()) == {train}:
            by_folder = name_of_file(file) != name and name_of_folder(folder) == name
        else:  # others lie beside it: where it is not called train, a task.yaml names them
            by_folder = name_of_file(file) == name_of_folder(folder)
        return _typed_file(folder if by_folder else file)

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
