"""``task.yaml``: what a user says of data beside which it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ftbench.domain.task import KINDS, OwnColumns
from ftbench.errors import BadValue, OwnDataError, UnknownName
from ftbench.tasks.own.table import shown_path
from ftbench.yaml_text import Scalar, Tree, read

FILE = "task.yaml"
KEYS = ("name", "title", "text", "label", "labels", "kind", "metric", "train", "evaluation", "note")


@dataclass(frozen=True)
class Said:
    """What a ``task.yaml`` says; what is empty is to be found.

    Attributes:
        at: the file, as messages name it; "" where there is none.
        columns: with text and label.
        labels: the classes in their order.
        kind: what is predicted.
        train: the file of the training rows.
        evaluation: set of rows -> its file, the reported set first; "" for one that is found by its name.
    """

    at: str = ""
    name: str = ""
    title: str = ""
    columns: OwnColumns = OwnColumns()
    labels: tuple[str, ...] = ()
    kind: str = ""
    metric: str = ""
    train: str = ""
    evaluation: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def read_said(path: Path) -> Said:
    """What a file says.

    Raises:
        OwnDataError: it cannot be read, has a key that is none, or a value that its key does not take.
    """
    at = shown_path(path)
    try:
        content = read(str(path), "a task")
        if not isinstance(content, Mapping):
            raise BadValue("write one key per line, such as label: stars")
        for key in content:
            if key not in KEYS:
                raise UnknownName("key", key, KEYS)
        return _said(at, content)
    except (BadValue, UnknownName) as error:
        told = str(error).removeprefix(str(path))
        raise OwnDataError(f"{at}{told}" if told.startswith(":") else f"{at}: {told}") from None


def _said(at: str, content: Mapping[str, Tree]) -> Said:
    kind = _text(content, "kind")
    if kind and kind not in KINDS:
        raise UnknownName("kind", kind, KINDS)
    return Said(
        at,
        _text(content, "name"),
        _text(content, "title"),
        OwnColumns(_list(content, "text"), _text(content, "label")),
        _list(content, "labels"),
        kind,
        _text(content, "metric"),
        _text(content, "train"),
        _sets(content.get("evaluation")),
        _text(content, "note"),
    )


def _text(content: Mapping[str, Tree], key: str) -> str:
    value = content.get(key)
    if value is None:
        return ""
    if not isinstance(value, Scalar) or not value.text.strip() or "\n" in value.text:
        raise BadValue(f"{key}: give one line of text")
    return value.text.strip()


def _list(content: Mapping[str, Tree], key: str) -> tuple[str, ...]:
    value = content.get(key)
    if value is None:
        return ()
    items: Sequence[Tree] = value if isinstance(value, list) else [value]
    texts = [item.text.strip() for item in items if isinstance(item, Scalar) and item.text.strip()]
    if len(texts) != len(items) or len(set(texts)) != len(texts):
        raise BadValue(f"{key}: give a list of different names, such as [a, b]")
    return tuple(texts)


def _sets(value: Tree) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return dict.fromkeys(_list({"evaluation": value}, "evaluation"), "")
    return {name: _text(value, name) for name in value}
