"""How readers see methods: by the title that papers print, or by the name that the user gives them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ftbench import methods
from ftbench.db import JobSummary
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.services.scores.jobs import MethodKey
from ftbench.services.scores.own import OwnMethods

_LONGEST = 300
NAMES = (TITLE, ID) = ("title", "id")
_RENAME = re.compile(r"(?P<name>[^\[\]=]+(\[[^\]]*\])?)=(?P<title>.*)", re.DOTALL)


@dataclass(frozen=True)
class Naming:
    """How methods are called.

    Attributes:
        renamed: methods, by name or label, and what they are called instead.
        ids: whether the others are called as they are typed, instead of by their titles.
    """

    renamed: tuple[tuple[str, str], ...] = ()
    ids: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], which: str = TITLE) -> Naming:
        """What ``--rename`` and ``--names`` say.

        Raises:
            BadValue: an entry is not ``METHOD=TITLE``, or names a method twice.
            UnknownName: names are neither titles nor ids.
        """
        if which not in NAMES:
            raise UnknownName("--names", which, NAMES)
        return cls(tuple(renames(texts).items()), which == ID)

    def title(self, name: str, own: OwnMethods) -> str:
        """What a method is called that was not renamed."""
        return name if self.ids else _title(name, own)


BY_TITLE = Naming()


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
    labels: Mapping[MethodKey, str], own: OwnMethods, naming: Naming = BY_TITLE
) -> dict[MethodKey, str]:
    """What each row is called: ``Bi-Drop``, ``Bi-Drop (k=3)``.

    Methods of one title are told apart by their names. A method that is not here keeps its label.

    Args:
        labels: how rows are named.
        own: the methods that are not installed.
        naming: what they are called instead.

    Raises:
        UnknownName: no row has a name that is given another one.
        BadValue: two rows would be called the same.
    """
    given = dict(naming.renamed)
    known = {*labels.values(), *(key.method for key in labels)}
    for name in given:
        if labels and name not in known:
            raise UnknownName("method", name, known)
    called = {n: given.get(n) or naming.title(n, own) for n in dict.fromkeys(k.method for k in labels)}
    taken = Counter(title for name, title in called.items() if name not in given)
    found: dict[MethodKey, str] = {}
    for key, label in labels.items():
        inside = label.partition("[")[2].removesuffix("]")
        shared = key.method not in given and taken[called[key.method]] > 1
        told = ", ".join(part for part in (key.method if shared else "", inside.replace(",", ", ")) if part)
        plain = f"{called[key.method]} ({told})" if told else called[key.method]
        plain = label if naming.ids and key.method not in given else plain
        found[key] = given[label] if "[" in label and label in given else plain
    if given:
        _check_apart(found, labels)
    return found


def titles_of(cells: Iterable[JobSummary], own: OwnMethods, naming: Naming = BY_TITLE) -> dict[str, str]:
    """``titles`` of jobs: label -> title."""
    labels = {MethodKey(cell.method, cell.hparams.text): cell.label for cell in cells}
    first = {label: key for key, label in reversed(labels.items())}
    found = titles({key: label for label, key in first.items()}, own, naming)
    return {label: found[key] for label, key in first.items()}


def called_of(labels: Iterable[str], own: OwnMethods, naming: Naming = BY_TITLE) -> dict[str, str]:
    """``titles`` of methods that are known by their labels alone: label -> title.

    Raises:
        UnknownName: none of them has a name that is given another one.
    """
    given, listed = dict(naming.renamed), list(dict.fromkeys(labels))
    known = {*listed, *(label.partition("[")[0] for label in listed)}
    for name in given:
        if name not in known:
            raise UnknownName("method", name, known)
    found = {label: given.get(label) or title_of(label, own, naming) for label in listed}
    count = Counter(found.values())
    return {label: title if count[title] == 1 else label for label, title in found.items()}


def title_of(name: str, own: OwnMethods, naming: Naming = BY_TITLE) -> str:
    """The title of a method by its label, where no row has it: ``Bi-Drop (k=3)``."""
    method, _, inside = name.partition("[")
    title = dict(naming.renamed).get(method)
    if title is None and naming.ids:
        return name
    title = title or _title(method, own)
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
