"""What shells complete behind a flag or a command: names of what there is, and files, in lists too.

Looked up when a shell asks, by the name of the flag or argument; nothing is loaded but what lists them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

ASKED = "_FTBENCH_COMPLETE"


def completed(tree: Any) -> Any:
    """A parser that knows the names, where a shell asks for them; as it is, for everybody else.

    Args:
        tree: of a class of typer's.
    """
    if ASKED in os.environ:
        for path, command in _commands(tree):
            for parameter in command.params:
                kind = _FLAGS.get(parameter.opts[0]) or _ARGUMENTS.get((path, parameter.name))
                if kind is not None:
                    parameter.shell_complete = _completion(kind)
    return tree


def _commands(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in tree.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path}{name} ")
        else:
            yield path + name, command


def _completion(kind: str) -> Callable[[Any, str], list[Any]]:
    from typer.core import CompletionItem  # type: ignore[attr-defined]  # what it returns of its own commands

    from ftbench.services import completions

    def items(context: Any, typed: str) -> list[Any]:
        """The last name of a list; what stands before it stays."""
        before, comma, last = typed.rpartition(",")
        given, there = set(before.split(",")), list[str]()
        with suppress(Exception):  # a shell waits: better nothing than a traceback between its lines
            known = [*completions.names(kind), *completions.own_paths(kind, last)]
            there = [name for name in known if name.startswith(last) and name not in given]
        return [CompletionItem(before + comma + name) for name in there]

    return items


#: Flag -> what it takes, as ``services.completions`` lists it.
_FLAGS = {
    "--methods": "methods",
    "--baseline": "methods",
    "--tasks": "tasks",
    "--models": "models",
    "--model": "models",
    "--metric": "metrics",
    "--track": "trackers",
    "--perturb": "perturbations",
    "--suite": "suites",
    "--table": "tables",
    "--format": "formats",
    "--state": "states",
    "--set": "settings",
    "--estimand": "estimands",
    "--unit": "units",
    "--variant": "variants",
}
#: Command and argument -> the same.
_ARGUMENTS = {
    ("methods", "name"): "methods",
    ("check", "method"): "methods",
    ("compare", "methods"): "methods",
    ("power", "methods"): "methods",
    ("topup", "methods"): "methods",
    ("metrics", "name"): "metrics",
    ("tasks", "name"): "tasks",
    ("models", "name"): "models",
    ("suites", "name"): "suites",
    ("plot", "kind"): "plots",
}
