"""The rows of a task of a user's own: read by what is known of its columns and labels, and their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ftbench.domain.task import REGRESSION, TOKEN_CLASSIFICATION, OwnColumns, TaskSpec
from ftbench.errors import OwnDataError
from ftbench.tasks.own import draw
from ftbench.tasks.own.formats import read_table
from ftbench.tasks.own.labels import Label, Labels, cells_of
from ftbench.tasks.own.place import DEV, TRAIN
from ftbench.tasks.own.table import Table, short
from ftbench.tasks.rows import Rows

#: The sets of rows by name, the training rows first.
Sets = Mapping[str, Rows]


def read_again(task: TaskSpec, root: Path) -> Sets:
    """The rows of a task that was understood before.

    Raises:
        OwnDataError: they are not what they were.
    """
    own, labels = task.own, Labels(task.kind, task.labels)
    assert own is not None
    columns = OwnColumns(own.text, own.label)
    sets = {
        name: own_rows_of(read_table(paths_of(root, files)), columns, labels)
        for name, files in own.files.items()
    }
    return with_drawn(sets, labels, own.drawn, [rows.name for rows in task.evaluation])


def rows_digest(task: TaskSpec, sets: Sets) -> str:
    """The digest of the rows, and of what their labels mean: ``sha256:`` and 16 hexadecimal characters."""
    whole = hashlib.sha256(json.dumps([task.kind, list(task.labels)]).encode())
    for name in (TRAIN, *(rows.name for rows in task.evaluation)):
        rows = sets[name]
        whole.update(f"\n{name}\n".encode())
        for *texts, label in zip(*rows.texts, rows.labels, strict=True):
            whole.update(json.dumps([*texts, label]).encode() + b"\n")
    return f"sha256:{whole.hexdigest()[:16]}"


def own_rows_of(table: Table, columns: OwnColumns, labels: Labels) -> Rows:
    """The rows of a table.

    Raises:
        OwnDataError: it lacks a column, a text is empty or none, or a label is none; names file and row.
    """
    for name in (*columns.text, columns.label):
        if name not in table.columns:
            raise OwnDataError(
                f"{table.places[0][0]}: has no column '{short(name)}', as the training rows have"
            )
    texts: tuple[list[str], ...] = tuple([] for _ in columns.text)
    found: list[Label] = []
    cells = cells_of(table, columns.label)
    tokens = labels.kind == TOKEN_CLASSIFICATION
    for row in range(len(table)):
        try:
            for into, name in zip(texts, columns.text, strict=True):
                value = table.columns[name][row]
                into.append(_words(value) if tokens else _text(value, name))
            label = labels.of(cells[row])
            if isinstance(label, tuple) and tokens and len(label) != texts[0][-1].count(" ") + 1:
                raise ValueError(f"has {texts[0][-1].count(' ') + 1} tokens and {len(label)} tags")
        except ValueError as error:
            table.fail(row, str(error))
        found.append(label)
    return _typed(labels.kind, texts, found)


def paths_of(root: Path, files: Sequence[str]) -> list[Path]:
    """The files of a set below their place."""
    return [root / file for file in files]


def _text(value: object, column: str) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError(f"has no text ('{short(column)}' is empty)")
    if not isinstance(value, str):
        raise ValueError(f"has {short(value)} in '{short(column)}' where text should be")
    if "\0" in value:
        raise ValueError(f"has a zero byte in '{short(column)}'")
    return value


def _words(value: object) -> str:
    if not isinstance(value, list) or not value:
        raise ValueError("has no tokens; give a list of them")
    for word in value:
        if not isinstance(word, str) or not word or any(sign.isspace() for sign in word):
            raise ValueError(f"has {short(repr(word))} among its tokens; give texts without blanks")
    return " ".join(value)


def with_drawn(sets: Mapping[str, Rows], labels: Labels, share: float, order: list[str]) -> dict[str, Rows]:
    """The sets with the evaluation rows that are drawn from the training ones, in their order."""
    found = dict(sets)
    if share:
        chosen = draw.drawn_rows(sets[TRAIN], labels, share)
        found[TRAIN], found[DEV] = (
            _only(sets[TRAIN], labels.kind, chosen, wanted) for wanted in (False, True)
        )
    return {name: found[name] for name in (TRAIN, *order)}


def _only(rows: Rows, kind: str, chosen: list[bool], wanted: bool) -> Rows:
    kept = [at for at, one in enumerate(chosen) if one is wanted]
    texts = tuple([column[at] for at in kept] for column in rows.texts)
    return _typed(kind, texts, [rows.labels[at] for at in kept])


def _typed(kind: str, texts: tuple[list[str], ...], labels: Sequence[Label]) -> Rows:
    """Rows with labels of the one type that their kind has."""
    lists = [label for label in labels if isinstance(label, tuple)]
    if lists:
        return Rows(texts, lists)
    single = [label for label in labels if not isinstance(label, tuple)]
    return Rows(texts, [float(x) for x in single] if kind == REGRESSION else [int(x) for x in single])
