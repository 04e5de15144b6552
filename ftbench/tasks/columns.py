"""Typed columns: the rows in Arrow and parquet files, whoever wrote them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ftbench.domain.task import RowSet, TaskSpec
from ftbench.errors import DataError, DataMissing, nearest
from ftbench.tasks.rows import Rows, class_named, read_label, rows_of

#: What the hub writes for a row without gold label, and for every row of a test split.
UNLABELLED = -1
_POINTER = b"version https://git-lfs"
#: What a stream of Arrow ends in; a reader takes one that was cut off between two batches for whole.
_END = b"\xff\xff\xff\xff\0\0\0\0"


def read(task: TaskSpec, rows: RowSet, files: Sequence[Path]) -> Rows:
    """Read one set of rows, file after file.

    The names of a ``ClassLabel`` decide which class a number stands for, whatever their order; numbers
    without names are in the task's own order.

    Raises:
        DataError: a file cannot be read, lacks a column, or has a cell that is no text or no label; names
            file, row (from 0) and column.
    """
    assert rows.hub is not None
    split = rows.hub
    texts: tuple[list[str], ...] = tuple([] for _ in split.text)
    labels: list[int | float] = []
    for path in files:
        table = arrow_table(path)
        absent = [name for name in (*split.text, split.label) if name not in table.column_names]
        if absent:
            known = nearest(absent[0], table.column_names)
            raise DataError(f"{path}: no column '{absent[0]}'{known}")
        names = _class_names(task, path, table, split.label)
        cells = zip(*(table[name].to_pylist() for name in (*split.text, split.label)), strict=True)
        for number, (*sentences, written) in enumerate(cells):
            if written == UNLABELLED and not task.regression:
                continue
            try:
                labels.append(_label(task, written, names))
                for own, sentence, column in zip(texts, sentences, split.text, strict=True):
                    own.append(_text(sentence, column))
            except ValueError as error:
                raise DataError(f"{path}, row {number}: {error}") from None
    if not labels:
        where = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
        raise DataError(f"{where}: no labelled rows")
    return rows_of(task, texts, labels)


def arrow_table(path: Path) -> Any:
    """The table in a parquet or Arrow file.

    Raises:
        DataMissing: the file cannot be opened.
        DataError: it is no such file, or cut off.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as file:
            start = file.read(len(_POINTER))
            if start == _POINTER:
                raise DataError(f"{path}: a Git LFS pointer, not the file itself; `git lfs pull` fetches it")
            file.seek(0)
            if path.suffix == ".parquet":
                return pq.ParquetFile(file).read()
            if start.startswith(b"ARROW1"):
                return pa.ipc.open_file(file).read_all()
            table = pa.ipc.open_stream(file).read_all()
            file.seek(-len(_END), 2)
            if file.read() != _END:
                raise DataError(f"{path}: cut off; its end is missing")
            return table
    except (OSError, pa.ArrowException) as error:
        text = str(error).strip()
        # What is wrong inside a file may be an OSError, too; one of the system has a number.
        kind = DataMissing if getattr(error, "errno", None) else DataError
        raise kind(f"{path}: cannot be read ({text.splitlines()[0] if text else error!r})") from None


def _label(task: TaskSpec, written: object, names: Sequence[str]) -> int | float:
    """A label; a number is first replaced by its name, where the file gives names."""
    if not names or not isinstance(written, int):
        return read_label(task, written)
    if not 0 <= written < len(names):
        raise ValueError(f"label {written} is not one of 0 to {len(names) - 1}")
    if task.regression:
        return read_label(task, names[written])
    index = class_named(task, names[written])
    if index is None:
        wanted = ", ".join(task.labels)
        raise ValueError(f"label {written} is called '{names[written]}' there, which is not one of {wanted}")
    return index


def _text(cell: object, column: str) -> str:
    if not isinstance(cell, str):
        raise ValueError(f"column '{column}' has {str(cell)[:40]} where text should be")
    return cell


def _class_names(task: TaskSpec, path: Path, table: Any, label: str) -> tuple[str, ...]:
    """What a file calls the numbers of its label column; () where it does not say.

    Raises:
        DataError: the description beside the file calls them otherwise: it is not in the rows' digest.
    """
    names = class_names_of(table, label)
    beside = path.parent / "dataset_info.json"
    said = _of_features(_json(beside.read_bytes()), label=label) if beside.is_file() else ()
    if said and said != (names or task.labels):
        other = ", ".join(names) or f"no names, which means {', '.join(task.labels)}"
        raise DataError(
            f"{beside}: calls the labels {', '.join(said)}, but {path.name} has {other};"
            " save the data set again"
        )
    return names


def class_names_of(table: Any, column: str) -> tuple[str, ...]:
    """What a table says that the numbers of a column stand for; () where it does not."""
    written = (table.schema.metadata or {}).get(b"huggingface")
    return _of_features(_json(written), "info", label=column)


def _json(text: bytes | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _of_features(found: Any, *path: str, label: str) -> tuple[str, ...]:
    """The names in a description as ``datasets`` writes it; () where they are but the numbers themselves."""
    for key in (*path, "features", label, "names"):
        found = found.get(key) if isinstance(found, dict) else None
    names = tuple(str(name) for name in found) if isinstance(found, list) else ()
    return () if names == tuple(str(i) for i in range(len(names))) else names
