"""The page ``docs/api.md``: the names of the library that are meant to be imported, from their docstrings."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

#: Heading, the package to import from, and its names; those of ``__all__`` where none are given.
PARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Training", "ftbench", ("fit", "Tuner")),
    ("Methods", "ftbench", ("Method", "hparam")),
    ("Jobs", "ftbench", ("Job", "Recipe", "Perturbation", "TaskSpec")),
    ("Errors", "ftbench", ("FtbenchError",)),
    ("Trying a method", "ftbench.testing", ()),
    ("Metrics", "ftbench.metrics", ("Metric",)),
    ("Changes to the data", "ftbench.perturbations", ("Perturber",)),
    ("Models", "ftbench.models", ("packaged",)),
)
INTRO = (
    "What to import, and what it does; for how it fits together see [train in your own script](library.md), "
    "[write a method](write-a-method.md), [metrics](metrics.md) and "
    "[change the data](write-a-perturbation.md). Names are loaded when they are first used, so that "
    "`import ftbench` costs nothing. What is not on this page may change without notice."
)
SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):$")
TITLES = {"Args": "Takes", "Attributes": "Has", "Returns": "Gives", "Yields": "Gives", "Raises": "Refuses"}
#: Of a line of code.
WIDTH = 100


def page(note: str) -> str:
    """The whole page."""
    parts = [note, "# Python library", INTRO]
    for heading, package, names in PARTS:
        parts.append(f"## {heading}")
        module = importlib.import_module(package)
        for name in names or sorted(module.__all__):
            parts += entry(package, name, getattr(module, name))
    return "\n\n".join(parts) + "\n"


def entry(package: str, name: str, what: Any) -> Iterator[str]:
    """One name: how it is called, what its docstring says, and for a class its methods."""
    yield f"### {package}.{name}"
    if not (inspect.isclass(what) or inspect.isroutine(what)):
        yield f"One of {', '.join(f'`{one}`' for one in what)}."
        return
    plain = inspect.isclass(what) and (dataclasses.is_dataclass(what) or what.__init__ is object.__init__)
    if not (plain or (inspect.isclass(what) and issubclass(what, Exception))):
        yield code(f"{name}", what)
    yield from told(what.__doc__)
    if inspect.isclass(what):
        if not plain and "__init__" in vars(what):
            yield from told(what.__init__.__doc__)
        for member, found in vars(what).items():
            found = getattr(found, "__func__", found)
            if not member.startswith("_") and inspect.isfunction(found):
                yield f"#### {name}.{member}"
                yield code(member, found)
                yield from told(found.__doc__)


def code(name: str, what: Any) -> str:
    """How it is called, broken into lines where it is long."""
    parts = []
    starred = False
    for parameter in inspect.signature(what).parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
        starred = starred or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        sign = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        parts.append(f"{sign}{parameter.name}{default}")
    line = f"{name}({', '.join(parts)})"
    if len(line) > WIDTH:
        line = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"
    return f"```text\n{line}\n```"


def told(docstring: str | None) -> Iterator[str]:
    """A docstring in Google's style as Markdown."""
    text = inspect.cleandoc(docstring or "").replace("``", "`")
    current, lines = "", [""]
    sections: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        found = SECTION.match(line)
        if found:
            sections.append((current, lines))
            current, lines = found[1], []
        else:
            lines.append(line)
    for title, body in (*sections, (current, lines)):
        shown = inspect.cleandoc("\n".join(body)).strip()
        if not shown:
            continue
        if not title:
            yield shown
        elif title in ("Returns", "Yields"):
            yield f"**{TITLES[title]}** {' '.join(shown.split())}"
        else:
            yield f"**{TITLES[title]}**"
            yield "\n".join(f"- {item}" for item in items(shown))


def items(text: str) -> Iterator[str]:
    """The entries of a section, ``name: what it is``, each in one line."""
    for chunk in re.split(r"\n(?=\S)", text):
        name, _, rest = " ".join(chunk.split()).partition(": ")
        yield f"`{name}`: {rest}" if rest else name
