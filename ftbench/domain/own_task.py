"""What a job carries of a task that is a user's own file: all that a worker and a report need but the rows.

It stands among a job's places, as cards do, and may come from anybody: what is ill-formed is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from ftbench.domain.cards import CARDS, text_of
from ftbench.domain.task import KINDS, REGRESSION, OwnRows, RowSet, TaskSpec

CARD = "task"  # among the cards of a job
ROWS = "rows"  # among its places: where the rows are
BENCHMARK = "own"
_MOST = 100_000  # labels, files, columns
_LONGEST = 2_000  # characters of a label or a name


def task_document(task: TaskSpec) -> dict[str, Any]:
    """A task of a user's own file as JSON values, without the place of the file on this machine."""
    own = task.own
    assert own is not None
    return {
        "name": task.name,
        "title": task.title,
        "kind": task.kind,
        "labels": list(task.labels),
        "metric": task.metric,
        "text": list(own.text),
        "label": own.label,
        "files": {name: list(files) for name, files in own.files.items()},
        "drawn": own.drawn,
        "source": own.source,
        "evaluation": [rows.name for rows in task.evaluation],
        "note": task.note,
        "rows": task.train_rows,
    }


def task_of(places: Mapping[str, Any], name: str) -> TaskSpec | None:
    """The task that a job carries.

    Args:
        places: of the job.
        name: of its task; a document of another one is none.

    Returns:
        The task, with the place where the job says that its rows are; None where it carries none.
    """
    cards = places.get(CARDS)
    card = cards.get(CARD) if isinstance(cards, dict) else None
    if not isinstance(card, dict) or card.get("name") != name:
        return None
    try:
        found = _read(card)
    except (KeyError, TypeError, ValueError):
        return None
    place = places.get(ROWS)
    if found.own is not None and isinstance(place, str):
        return replace(found, own=replace(found.own, place=place))
    return found


def without_place(task: TaskSpec) -> TaskSpec:
    """The task for those who read a database: its rows are not looked for where a row says they are."""
    return replace(task, own=replace(task.own, place="")) if task.own is not None else task


def _read(card: Mapping[str, Any]) -> TaskSpec:
    kind, labels = str(card["kind"]), _texts(card["labels"])
    name, title, metric = (text_of(card[key]) for key in ("name", "title", "metric"))
    files = {_word(key): tuple(map(_below, _texts(value))) for key, value in dict(card["files"]).items()}
    sets = [_word(one) for one in _texts(card["evaluation"])]
    if kind not in KINDS or bool(labels) == (kind == REGRESSION) or not (name and title and metric and sets):
        raise ValueError("not a task")
    own = OwnRows(
        text=_texts(card["text"]),
        label=_word(card["label"]),
        files=files,
        drawn=float(card["drawn"]),
        source=_word(card["source"]),
    )
    return TaskSpec(
        name=name,
        title=title,
        benchmark=BENCHMARK,
        labels=labels,
        metric=metric,
        train=RowSet("train"),
        evaluation=tuple(RowSet(one) for one in sets),
        train_rows=_count(card.get("rows")),
        note=text_of(card.get("note")),
        kind=kind,
        own=own,
    )


def _count(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > _MOST:
        raise ValueError("not a list")
    return tuple(_word(value) for value in values)


def _word(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("not a text")
    return value


def _below(path: str) -> str:
    """A file below the place of the rows, "" for that place itself.

    Raises:
        ValueError: it leads elsewhere.
    """
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or "\0" in path:
        raise ValueError("not below the folder")
    return path
