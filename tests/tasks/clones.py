"""Data sets as `datasets` and the hub lay them, written for a test; every sentence is made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

ROWS: Mapping[str, Mapping[str, list[Any]]] = {
    "train": {"sentence": ["The dog sleeps.", "The dog sleep the.", "We ran."], "label": [1, 0, 1]},
    "validation": {"sentence": ["Ran we did not it.", "It rains."], "label": [0, 1]},
    "test": {"sentence": ["Unknown."], "label": [-1]},
}
#: CoLA's own, in the hub's order.
NAMES = ("unacceptable", "acceptable")


def dataset(data: Mapping[str, list[Any]], names: Sequence[str] = (), label: str = "label") -> Any:
    """A `datasets.Dataset`; with names, its label column is a ClassLabel."""
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict(dict(data))
    return made.cast_column(label, datasets.ClassLabel(names=list(names))) if names else made


def saved(
    folder: Path, rows: Mapping[str, Mapping[str, list[Any]]] = ROWS, names: Sequence[str] = NAMES
) -> Path:
    """What `save_to_disk` of a DatasetDict leaves."""
    datasets = pytest.importorskip("datasets")
    datasets.DatasetDict({k: dataset(v, names) for k, v in rows.items()}).save_to_disk(folder)
    return folder


def parquet(path: Path, data: Mapping[str, list[Any]], names: Sequence[str] = NAMES) -> Path:
    """One parquet file, as `push_to_hub` writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset(data, names).to_parquet(path)
    return path


def arrow(path: Path, data: Mapping[str, list[Any]], names: Sequence[str] = NAMES) -> Path:
    """One Arrow file, as `datasets` keeps it."""
    aside = path.parent / f"{path.name}.saved"
    dataset(data, names).save_to_disk(aside)
    next(aside.glob("*.arrow")).rename(path)
    return path


def clone(folder: Path, rows: Mapping[str, Mapping[str, list[Any]]] = ROWS) -> Path:
    """The folder of one configuration of a hub repository."""
    for split, data in rows.items():
        parquet(folder / f"{split}-00000-of-00001.parquet", data)
    return folder
