"""Hooks: whether what a class defines is what the trainer calls."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Iterator
from pathlib import Path

from ftbench import tasks
from ftbench.methods.base import Method
from ftbench.testing.bench import CLASSIFICATION, REGRESSION
from ftbench.testing.subject import Failed, Subject

#: What the trainer, the queue and the reports look for on a method.
HOOKS = tuple(name for name in vars(Method) if not name.startswith("_"))
#: How alike two names are that mean one thing: ``train_step`` and ``training_step`` are 0.87.
ALIKE = 0.81


def check_hooks(subject: Subject) -> str:
    """No name is nearly that of a hook, and each hook takes what it is called with."""
    used: list[str] = []
    for cls in _own(subject.cls):
        lines = dict(_lines(cls))
        for name in [n for n in vars(cls) if not n.startswith("_")]:
            where = f"{_file(cls)}:{lines.get(name, '?')}"
            if name in HOOKS:
                used.append(name)
                _called_as_declared(cls, name, where)
            elif not _inherited(cls, name):
                _told_apart(name, where)
    _reasons(subject)
    called = [n for n in used if inspect.isfunction(vars(Method)[n])]
    return f"overrides {', '.join(called)}" if called else "overrides none"


def _own(cls: type[Method]) -> list[type]:
    """The class and those of its file that it rests on."""
    return [c for c in cls.__mro__ if c.__module__ == cls.__module__ and issubclass(c, Method)]


def _inherited(cls: type, name: str) -> bool:
    return any(name in vars(parent) for parent in cls.__mro__[1:])


def _told_apart(name: str, where: str) -> None:
    close = difflib.get_close_matches(name, HOOKS, n=1, cutoff=ALIKE)
    same = [hook for hook in HOOKS if hook.lower() == name.lower()]
    if close or same:
        raise Failed(f"{where}: nothing calls '{name}'; did you mean '{(same or close)[0]}'?")


def _called_as_declared(cls: type, name: str, where: str) -> None:
    """Raise where a hook cannot be called as the trainer does."""
    declared, own = vars(Method)[name], vars(cls)[name]
    if isinstance(declared, classmethod):
        if not isinstance(own, classmethod):
            raise Failed(f"{where}: {name} is called on the class: write @classmethod above it")
        declared, own = declared.__func__, own.__func__
    if not inspect.isfunction(declared):
        return
    if not inspect.isfunction(own):
        raise Failed(f"{where}: {name} is a function in Method, and called with its arguments")
    wanted = inspect.signature(declared).parameters
    try:
        inspect.signature(own).bind(*wanted)
    except TypeError as error:
        raise Failed(f"{where}: {name} is called as {name}({', '.join(wanted)})") from error


def _reasons(subject: Subject) -> None:
    method = subject.cls(subject.cls.resolve(subject.given))
    for task in (CLASSIFICATION, REGRESSION):
        spec = tasks.find(task)
        said: object = method.unsupported(subject.bench().spec, spec)
        if not (said is None or (isinstance(said, str) and said)):
            raise Failed(f"unsupported() gives {said!r}: it gives the reason, or None where there is none")
        took: object = method.passes(spec, 3.0)
        if isinstance(took, bool) or not isinstance(took, int | float) or not took > 0:
            raise Failed(f"passes() gives {took!r}: it gives how many passes an update takes, above 0")


def _file(cls: type) -> str:
    return Path(inspect.getsourcefile(cls) or "?").name


def _lines(cls: type) -> Iterator[tuple[str, int]]:
    """The names that a class's body defines, with their lines."""
    file = inspect.getsourcefile(cls)
    if file is None:
        return
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ClassDef) or node.name != cls.__name__:
            continue
        for part in node.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield part.name, part.lineno
            targets = part.targets if isinstance(part, ast.Assign) else []
            targets = [part.target] if isinstance(part, ast.AnnAssign) else targets
            yield from ((n.id, n.lineno) for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
