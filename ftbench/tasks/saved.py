"""Data sets as ``datasets`` writes them: ``save_to_disk`` folders, its cache, the hub's parquet files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftbench import content
from ftbench.domain.task import HubSplit, RowSet, TaskSpec
from ftbench.errors import DataError
from ftbench.tasks.rows import Rows, make, read_label


def find(task: TaskSpec, data_dir: Path) -> Path | None:
    """The saved data set of a task: ``DATA/<task>`` or ``DATA/<benchmark>/<task>``, with all its splits."""
    for folder in (data_dir / task.name, data_dir / task.benchmark / task.name):
        if (folder / "dataset_dict.json").is_file():
            return folder
    return None


def digest(task: TaskSpec, folder: Path) -> str:
    """The digest of the rows' files of every split that the task needs.

    Raises:
        DataError: a split is missing or unreadable; names it.
    """
    files: dict[str, Path] = {}
    for split in {split.split for split in _splits(task)}:
        try:
            state = json.loads((folder / split / "state.json").read_text(encoding="utf-8"))
            named = [str(entry["filename"]) for entry in state["_data_files"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise DataError(f"{folder / split}: no saved split '{split}' of task {task.name} there") from None
        for name in named:
            if not (folder / split / name).is_file():
                raise DataError(f"{folder / split / name}: not there, though the saved data set names it")
            files[f"{split}/{name}"] = folder / split / name
    return content.digest(files)


def read(task: TaskSpec, rows: RowSet, data_dir: Path) -> Rows:
    """Read one set of a task's ``save_to_disk`` folder.

    Raises:
        DataError: the split cannot be read, lacks a column, or has a label that is none.
    """
    from datasets import load_from_disk

    assert rows.hub is not None
    folder = find(task, data_dir)
    if folder is None:
        raise DataError(f"data folder {data_dir} no longer has the saved data set of task {task.name}")
    path = folder / rows.hub.split
    try:
        data = load_from_disk(str(path))
    except Exception as error:
        raise DataError(f"{path}: not a saved split ({_first(error)})") from None
    return _rows(task, rows.hub, path, set(data.column_names), lambda name: list(data[name]))


def read_files(task: TaskSpec, rows: RowSet, files: list[Path]) -> Rows:
    """Read one set from parquet or Arrow files, in this order.

    Raises:
        DataError: a file cannot be read, lacks a column, or has a label that is none.
    """
    assert rows.hub is not None
    columns: dict[str, list[Any]] = {}
    for path in files:
        for name, values in _columns(path, (*rows.hub.text, rows.hub.label)).items():
            columns.setdefault(name, []).extend(values)
    return _rows(task, rows.hub, files[0], set(columns), columns.__getitem__)


def _columns(path: Path, wanted: tuple[str, ...]) -> dict[str, list[Any]]:
    try:
        if path.suffix == ".parquet":
            import pandas as pd

            frame = pd.read_parquet(path)
            return {name: frame[name].tolist() for name in wanted if name in frame}
        from datasets import Dataset

        data = Dataset.from_file(str(path))
        return {name: list(data[name]) for name in wanted if name in data.column_names}
    except Exception as error:
        raise DataError(f"{path}: cannot be read ({_first(error)})") from None


def _rows(task: TaskSpec, split: HubSplit, path: Path, names: set[str], column: Any) -> Rows:
    absent = [name for name in (*split.text, split.label) if name not in names]
    if absent:
        raise DataError(f"{path}: no column '{absent[0]}' (has {', '.join(sorted(names))})")
    unlabelled = -1  # what the hub writes for a row without gold label, and for every row of a test split
    texts: tuple[list[str], ...] = tuple([] for _ in split.text)
    labels: list[int | float] = []
    cells = zip(*(column(name) for name in split.text), column(split.label), strict=True)
    for number, (*sentences, label) in enumerate(cells):
        if label == unlabelled and not task.regression:
            continue
        try:
            labels.append(read_label(task, label))
        except ValueError as error:
            raise DataError(f"{path}, row {number}: {error}") from None
        for own, sentence in zip(texts, sentences, strict=True):
            if not isinstance(sentence, str):
                raise DataError(f"{path}, row {number}: a cell without text")
            own.append(sentence)
    if not labels:
        raise DataError(f"{path}: no labelled rows")
    return make(task, texts, labels)


def _splits(task: TaskSpec) -> list[HubSplit]:
    return [rows.hub for rows in (task.train, *task.evaluation) if rows.hub is not None]


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
