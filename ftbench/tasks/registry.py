"""The tasks there are: the built-in ones, and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftbench.domain.own_task import task_of
from ftbench.domain.task import OwnColumns, TaskSpec
from ftbench.errors import DataError, OwnDataError, PluginError, UnknownName
from ftbench.tasks import check
from ftbench.tasks.own import on_hub, place, said
from ftbench.tasks.own.place import is_own

if TYPE_CHECKING:
    from ftbench.tasks.own.understood import Understood

ENTRY_POINTS = "ftbench.tasks"
#: Columns that are found by their names.
BY_NAME = OwnColumns()
ALIASES = {"sst-2": "sst2", "sts-b": "stsb"}


@dataclass(frozen=True)
class TaskEntry:
    """A line of the listing.

    Attributes:
        name: of the task, or of the entry point where that is broken.
        source: ``built in``, or the package that brings it.
        spec: None where it is broken.
        error: why it cannot be used, in one line; "" where it can.
    """

    name: str
    source: str
    spec: TaskSpec | None
    error: str = ""


def available() -> tuple[TaskEntry, ...]:
    """Every task, the built-in ones first; broken plug-ins with their error."""
    built_in = [TaskEntry(spec.name, "built in", spec) for spec in _built_in().values()]
    return (*built_in, *_plugins())


def names() -> tuple[str, ...]:
    """The names of all tasks that can be used, in the order of the listing."""
    return tuple(entry.name for entry in available() if entry.spec is not None)


def find(name: str) -> TaskSpec:
    """The task of this name or alias; upper and lower case are the same.

    Raises:
        UnknownName: there is none.
        PluginError: a plug-in of this name cannot be used.
    """
    key = _key(name)
    if key in _built_in():
        return _built_in()[key]
    called = [entry for entry in _plugins() if entry.name == key]
    for entry in called:
        if entry.spec is not None:
            return entry.spec
    for entry in called:
        raise PluginError(f"task '{key}' of {entry.source} cannot be used: {entry.error}")
    raise UnknownName("task", name, names())


def groups() -> dict[str, tuple[str, ...]]:
    """The names that stand for several tasks: ``glue-small``, and each benchmark."""
    from ftbench.tasks import glue

    found: dict[str, tuple[str, ...]] = {"glue-small": tuple(spec.name for spec in glue.SMALL)}
    for entry in available():
        if entry.spec is not None:
            benchmark = entry.spec.benchmark.lower()
            found[benchmark] = (*found.get(benchmark, ()), entry.name)
    return found


def task_of_job(name: str, places: Mapping[str, Any]) -> TaskSpec:
    """The task of a job: of a user's own file as the job carries it, else the one of its name.

    Args:
        name: of the task.
        places: of the job; its rows are looked for where they say.

    Raises:
        UnknownName, PluginError: as ``find``.
    """
    return (None if is_built_in(name) else task_of(places, name)) or find(name)


def is_built_in(name: str) -> bool:
    """Whether a task is one of ftbench's own: no user's file is called so, whatever a job says."""
    return name in _built_in()


def called(text: str) -> str:
    """What a task is called in jobs, however it is typed: a place by the name that it gives, or gave."""
    if not is_own(text):
        return text
    try:
        found = place.at_path(text) if place.is_path(text) else on_hub.at_hub(text)
    except DataError:
        return place.name_at(text)  # reports need no file
    return found.said.name.lower() or found.name


def own_folder(text: str) -> tuple[str, Path] | None:
    """A user's own task by its place: its name, and the folder above its files; None for any other text.

    A data set of the hub is none: its jobs say where it comes from.
    """
    if not is_own(text) or not place.is_path(text):
        return None
    try:
        found = place.at_path(text)
    except DataError:
        return None
    return found.said.name.lower() or found.name, found.root


def expand(texts: Iterable[str], columns: OwnColumns = BY_NAME) -> list[TaskSpec]:
    """The tasks that a list of names, groups and places means, each once, in the order given.

    Args:
        texts: as they were typed.
        columns: with text and label, of users' own files.

    Raises:
        UnknownName: a name that is neither a task nor a group.
        OwnDataError: a file, a folder or a data set of the hub that is no task, or whose name is taken.
    """
    specs: dict[str, TaskSpec] = {}
    known = groups()
    for text in texts:
        if is_own(text):
            spec = of_place(text, columns).task
            if specs.setdefault(spec.name, spec) != spec:
                raise _taken(text, spec.name, "another one")
            continue
        try:
            members = [find(text)]
        except UnknownName:
            if _key(text) not in known:
                raise UnknownName("task", text, [*names(), *known]) from None
            members = [find(name) for name in known[_key(text)]]
        specs |= {spec.name: spec for spec in members if spec.name not in specs}
    return list(specs.values())


def of_place(text: str, columns: OwnColumns = BY_NAME) -> Understood:
    """The task at a place, with its rows.

    Raises:
        OwnDataError: it is none, or is called as a task of ftbench's.
    """
    from ftbench.tasks.own import understood

    found = understood.understand(text, columns)
    if found.task.name in {*names(), *groups(), *ALIASES}:
        raise _taken(text, found.task.name, "a task of ftbench's own")
    return found


def _taken(text: str, name: str, other: str) -> OwnDataError:
    told = f"is called '{name}' as {other} is; rename it, or write name: … into a {said.FILE} beside it"
    return OwnDataError(f"{text}: {told}")


def _key(name: str) -> str:
    lower = name.strip().lower()
    return ALIASES.get(lower, lower)


@cache
def _built_in() -> dict[str, TaskSpec]:
    from ftbench.tasks import glue, nli, toy, toy_labels

    specs = (*glue.TASKS, *nli.TASKS, *toy.TASKS, *toy_labels.TASKS)
    return {spec.name: spec for spec in specs}


@cache
def _plugins() -> tuple[TaskEntry, ...]:
    entries: list[TaskEntry] = []
    own = {"glue-small": "a group", **{spec.benchmark: "a group" for spec in _built_in().values()}}
    taken = {
        **own,
        **dict.fromkeys(ALIASES, "another name of a task"),
        **dict.fromkeys(_built_in(), "a task"),
    }
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name):
        for entry in _load(point):
            if entry.spec is not None and entry.name in taken:
                error = f"name '{entry.name}' is taken: {taken[entry.name]} is called so"
                entry = TaskEntry(f"{point.name}:{entry.name}", entry.source, None, error)
            elif entry.spec is not None and entry.spec.benchmark.lower() in own:
                error = f"benchmark '{entry.spec.benchmark}' is ftbench's own; give it another"
                entry = TaskEntry(entry.name, entry.source, None, error)
            if entry.spec is not None:
                taken[entry.name] = "another package's task"
            entries.append(entry)
    return tuple(entries)


def _load(point: EntryPoint) -> list[TaskEntry]:
    """The tasks behind an entry point: a TaskSpec, or several. Whatever it raises is the plug-in's own."""
    source = point.dist.name if point.dist is not None else point.value
    try:
        loaded = point.load()
        specs = [loaded] if isinstance(loaded, TaskSpec) else list(loaded)
        if not specs:
            raise ValueError(f"{point.value} gives no tasks")
        return [_checked(point, source, spec) for spec in specs]
    except (Exception, SystemExit) as error:
        return [
            TaskEntry(point.name, source, None, f"{type(error).__name__}: {' '.join(str(error).split())}")
        ]


def _checked(point: EntryPoint, source: str, spec: object) -> TaskEntry:
    if not isinstance(spec, TaskSpec):
        raise TypeError(f"{point.value} gives {type(spec).__name__}, not TaskSpec")
    try:
        error = check.wrong(spec)
    except Exception as raised:  # a field of a type that nobody thought of
        error = f"{type(raised).__name__}: {' '.join(str(raised).split())}"
    name = spec.name.lower() if check.is_name(spec.name) else point.name
    return TaskEntry(name, source, None if error else spec, error)
