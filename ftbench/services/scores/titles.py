"""How readers see methods: by the title that papers print, or by the name that the user gives them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ftbench import methods
from ftbench.db import JobSummary
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.services.scores.jobs import MethodKey

_RENAME = re.compile(r"(?P<name>[^\[\]=]+(\[[^\]]*\])?)=(?P<title>.*)", re.DOTALL)

#: A method's name or label -> what it is called instead.
Renames = Mapping[str, str]


def renames(texts: Iterable[str]) -> dict[str, str]:
    """What ``--rename 'bidrop=Ours'`` means, entry by entry; a file stands for the method in it.

    Raises:
        BadValue: one is not ``METHOD=TITLE``, or a method is named twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        parts = _RENAME.fullmatch(text.strip())
        title = " ".join(parts["title"].split()) if parts else ""
        if parts is None or not title:
            raise BadValue(f"--rename '{text}': write METHOD=TITLE, such as 'bidrop=Ours'")
        name, bracket, inside = parts["name"].strip().partition("[")
        label = methods.canonical(Path(name).stem if name.endswith(".py") else name) + bracket + inside
        if label in found:
            raise BadValue(f"--rename: {label} is called both '{found[label]}' and '{title}'")
        found[label] = title
    return found


def titles(
    labels: Mapping[MethodKey, str], plugins: Mapping[str, Sequence[str]], renamed: Renames | None = None
) -> dict[MethodKey, str]:
    """What each row is called: ``Bi-Drop``, ``Bi-Drop (k=3)``.

    Methods of one title are told apart by their names. A method that is not here keeps its label.

    Args:
        labels: how rows are named.
        plugins: method -> the files that it may come from, which are read and not run.
        renamed: a method's name, or the label of one row -> its title.

    Raises:
        UnknownName: no row has a name that is given another one.
        BadValue: two rows would be called the same.
    """
    given = renamed or {}
    known = {*labels.values(), *(key.method for key in labels)}
    for name in given:
        if labels and name not in known:
            raise UnknownName("method", name, known)
    own = {name: given.get(name) or _title(name, plugins) for name in dict.fromkeys(k.method for k in labels)}
    taken = Counter(title for name, title in own.items() if name not in given)
    found: dict[MethodKey, str] = {}
    for key, label in labels.items():
        inside = label.partition("[")[2].removesuffix("]")
        shared = key.method not in given and taken[own[key.method]] > 1
        told = ", ".join(part for part in (key.method if shared else "", inside.replace(",", ", ")) if part)
        plain = f"{own[key.method]} ({told})" if told else own[key.method]
        found[key] = given[label] if "[" in label and label in given else plain
    if given:
        _check_apart(found, labels)
    return found


def titles_of(
    cells: Iterable[JobSummary], plugins: Mapping[str, Sequence[str]], renamed: Renames | None = None
) -> dict[str, str]:
    """``titles`` of jobs: label -> title."""
    labels = {MethodKey(cell.method, cell.hparams.text): cell.label for cell in cells}
    first = {label: key for key, label in reversed(labels.items())}
    found = titles({key: label for label, key in first.items()}, plugins, renamed)
    return {label: found[key] for label, key in first.items()}


def title_of(name: str, plugins: Mapping[str, Sequence[str]]) -> str:
    """The title of a method by its label, where no row has it: ``Bi-Drop (k=3)``."""
    method, _, inside = name.partition("[")
    title = _title(method, plugins)
    return f"{title} ({inside.removesuffix(']').replace(',', ', ')})" if inside else title


def _title(name: str, plugins: Mapping[str, Sequence[str]]) -> str:
    files = plugins.get(name, ())
    try:
        title = _written(files[0]) if files else methods.of_row(name).title
    except (FtbenchError, OSError, ValueError, SyntaxError, RecursionError):
        return name
    return " ".join(title.split()) or name


def _written(path: str) -> str:
    """The title that a user's file gives its method: the file is read and not run."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    for one in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"):
        for line in one.body:
            targets = line.targets if isinstance(line, ast.Assign) else ()
            if any(isinstance(target, ast.Name) and target.id == "title" for target in targets):
                found = ast.literal_eval(line.value) if isinstance(line, ast.Assign) else ""
                return found if isinstance(found, str) else ""
    return ""


def _check_apart(found: Mapping[MethodKey, str], labels: Mapping[MethodKey, str]) -> None:
    first: dict[str, MethodKey] = {}
    for key, title in found.items():
        other = first.setdefault(title, key)
        if other != key:
            raise BadValue(f"--rename: {labels[other]} and {labels[key]} would both be called '{title}'")
