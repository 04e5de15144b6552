"""How readers see methods: by the title that papers print, or by the name that the user gives them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ftbench import methods
from ftbench.db import JobSummary
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.services.scores.jobs import MethodKey
from ftbench.services.scores.own import OwnMethods

_LONGEST = 300
_RENAME = re.compile(r"(?P<name>[^\[\]=]+(\[[^\]]*\])?)=(?P<title>.*)", re.DOTALL)

#: A method's name or label -> what it is called instead.
Renames = Mapping[str, str]


def renames(texts: Iterable[str]) -> dict[str, str]:
    """What ``--rename 'bidrop=Ours'`` means, entry by entry; a file stands for the method in it.

    Raises:
        BadValue: one is not ``METHOD=TITLE``, a title cannot be shown, or a method is named twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        parts = _RENAME.fullmatch(text.strip())
        title = " ".join(parts["title"].split()) if parts else ""
        if parts is None or not title:
            raise BadValue(f"--rename '{text}': write METHOD=TITLE, such as 'bidrop=Ours'")
        if not title.isprintable() or len(title) > _LONGEST:
            raise BadValue(
                f"--rename '{text:.80}': a title is printable text of at most {_LONGEST} characters"
            )
        name, bracket, inside = parts["name"].strip().partition("[")
        label = methods.canonical(Path(name).stem if name.endswith(".py") else name) + bracket + inside
        if label in found:
            raise BadValue(f"--rename: {label} is called both '{found[label]}' and '{title}'")
        found[label] = title
    return found


def titles(
    labels: Mapping[MethodKey, str], own: OwnMethods, renamed: Renames | None = None
) -> dict[MethodKey, str]:
    """What each row is called: ``Bi-Drop``, ``Bi-Drop (k=3)``.

    Methods of one title are told apart by their names. A method that is not here keeps its label.

    Args:
        labels: how rows are named.
        own: the methods that are not installed.
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
    called = {n: given.get(n) or _title(n, own) for n in dict.fromkeys(k.method for k in labels)}
    taken = Counter(title for name, title in called.items() if name not in given)
    found: dict[MethodKey, str] = {}
    for key, label in labels.items():
        inside = label.partition("[")[2].removesuffix("]")
        shared = key.method not in given and taken[called[key.method]] > 1
        told = ", ".join(part for part in (key.method if shared else "", inside.replace(",", ", ")) if part)
        plain = f"{called[key.method]} ({told})" if told else called[key.method]
        found[key] = given[label] if "[" in label and label in given else plain
    if given:
        _check_apart(found, labels)
    return found


def titles_of(cells: Iterable[JobSummary], own: OwnMethods, renamed: Renames | None = None) -> dict[str, str]:
    """``titles`` of jobs: label -> title."""
    labels = {MethodKey(cell.method, cell.hparams.text): cell.label for cell in cells}
    first = {label: key for key, label in reversed(labels.items())}
    found = titles({key: label for label, key in first.items()}, own, renamed)
    return {label: found[key] for label, key in first.items()}


def title_of(name: str, own: OwnMethods) -> str:
    """The title of a method by its label, where no row has it: ``Bi-Drop (k=3)``."""
    method, _, inside = name.partition("[")
    title = _title(method, own)
    return f"{title} ({inside.removesuffix(']').replace(',', ', ')})" if inside else title


def _title(name: str, own: OwnMethods) -> str:
    try:
        title = methods.of_row(name).title
    except FtbenchError:
        title = own.cards[name].title if name in own.cards else ""
    return " ".join(title.split()) or name


def _check_apart(found: Mapping[MethodKey, str], labels: Mapping[MethodKey, str]) -> None:
    first: dict[str, MethodKey] = {}
    for key, title in found.items():
        other = first.setdefault(title, key)
        if other != key:
            raise BadValue(f"--rename: {labels[other]} and {labels[key]} would both be called '{title}'")
