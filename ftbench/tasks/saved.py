"""Where the rows of a data set are in a folder, as ``datasets`` and the hub lay them.

``save_to_disk`` of a ``DatasetDict`` or of single splits (``sst2/train/state.json``), clones of a repository
of the hub (``sst2/train-00000-of-00001.parquet``), and what ``datasets`` prepares (``glue-train.arrow``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from ftbench import content
from ftbench.domain.task import HubSplit, RowSet, TaskSpec
from ftbench.errors import DataError, DataMissing
from ftbench.tasks import columns
from ftbench.tasks.rows import Rows

Found = dict[str, list[Path]]
SUFFIXES = ("parquet", "arrow")


def find(task: TaskSpec, data_dir: Path) -> Found | None:
    """The files of every split that a task needs, by split; None where the folder has no such data set.

    Raises:
        DataError: a split or a shard is missing, or there are two of one; names it.
    """
    splits = {split.split: split for split in splits_of(task)}
    for folder in _places(task, data_dir):
        if not folder.is_dir():
            continue
        if (folder / "dataset_dict.json").is_file() or any(_state(folder, name).is_file() for name in splits):
            return {name: _saved(task, folder, name) for name in splits}
        found = {name: shards_of(split, folder) for name, split in splits.items()}
        absent = [name for name, files in found.items() if not files]
        if not absent:
            return found
        if len(absent) < len(found):
            there = ", ".join(name for name in found if name not in absent)
            raise DataError(
                f"{folder}: no files of split '{absent[0]}' of task {task.name} beside those of {there}"
                f" ({absent[0]}-00000-of-00001.parquet)"
            )
    return None


def digest(found: Found) -> str:
    """The digest of the rows' files of every split that the task needs."""
    return content.digest({f"{split}/{path.name}": path for split, files in found.items() for path in files})


def read(task: TaskSpec, rows: RowSet, data_dir: Path) -> Rows:
    """Read one set of a task's data set in a folder.

    Raises:
        DataError: the split cannot be read, lacks a column, or has a label that is none.
    """
    assert rows.hub is not None
    found = find(task, data_dir)
    if found is None:
        raise DataMissing(f"data folder {data_dir} no longer has the data set of task {task.name}")
    return columns.read(task, rows, found[rows.hub.split])


def shards_of(split: HubSplit, folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """The parquet or Arrow files of one split in a folder, in the order of their rows; [] where it has none.

    ``train.parquet``, ``train-00000-of-00002.parquet`` (perhaps with a fingerprint), ``train/0000.parquet``,
    and what ``datasets`` prepares: ``glue-train.arrow``.

    Raises:
        DataError: a shard is missing, or there are two of one.
    """
    name = re.escape(split.dataset.rpartition("/")[2])
    for suffix in suffixes:
        shard = r"-(?P<number>\d+)-of-(?P<count>\d+)(?:-[0-9a-f]+)?"
        form = rf"(?:{name}-)?{re.escape(split.split)}(?:{shard})?\.{suffix}"
        shards = [(path, match) for path in _files(folder) if (match := re.fullmatch(form, path.name))]
        if shards:
            _whole(shards)
            return [path for path, _ in shards]
        converted = [p for p in _files(folder / split.split) if re.fullmatch(rf"\d+\.{suffix}", p.name)]
        if converted:
            return converted
    return []


def looked_for(task: TaskSpec) -> str:
    """The likeliest files of a task in a folder, for a message; "" where the hub has none."""
    splits = splits_of(task)
    if not splits:
        return ""
    return f"{task.name}/dataset_dict.json or {task.name}/{splits[0].split}-00000-of-00001.parquet"


def is_one(folder: Path) -> bool:
    """Whether a folder holds the files of a data set themselves, not in a folder below."""
    return (folder / "dataset_dict.json").is_file() or any(folder.glob("*.parquet"))


def splits_of(task: TaskSpec) -> list[HubSplit]:
    """The splits of all sets of a task, as the hub has them."""
    return [rows.hub for rows in (task.train, *task.evaluation) if rows.hub is not None]


def _places(task: TaskSpec, data_dir: Path) -> Iterator[Path]:
    """The folders that may hold a task's data set, the likeliest first.

    One whose name says nothing of the task counts only where the data set has no configurations: it would
    serve every task.
    """
    splits = splits_of(task)
    if not splits:
        return
    config, (_, _, repository) = splits[0].config, splits[0].dataset.rpartition("/")
    above = dict.fromkeys([data_dir, data_dir / task.benchmark, data_dir / repository])
    alone = config in (None, "default")
    named = [folder / name for name in (task.name, config or task.name) for folder in above]
    named += [data_dir / task.name / config] if config else []
    named += [data_dir, data_dir / repository] if alone else []
    for folder in dict.fromkeys(named):
        yield folder
        yield folder / "data"


def _state(folder: Path, split: str) -> Path:
    return folder / split / "state.json"


def _saved(task: TaskSpec, folder: Path, split: str) -> list[Path]:
    """The files of a split that ``save_to_disk`` wrote."""
    try:
        state = json.loads(_state(folder, split).read_text(encoding="utf-8"))
        named = [str(entry["filename"]) for entry in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{folder / split}: no saved split '{split}' of task {task.name} there") from None
    for name in named:
        if not (folder / split / name).is_file():
            raise DataError(f"{folder / split / name}: not there, though the saved data set names it")
    if not named:
        raise DataError(f"{folder / split}: the saved split has no rows")
    return [folder / split / name for name in named]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _whole(found: list[tuple[Path, re.Match[str]]]) -> None:
    """Refuse shards of which one is missing, and two sets of them."""
    first, match = found[0]
    numbers = [shard["number"] for _, shard in found]
    if len({shard["count"] for _, shard in found}) > 1 or len(set(numbers)) < len(numbers):
        others = ", ".join(path.name for path, _ in found[1:])
        raise DataError(f"{first}: its rows stand in other files, too ({others}); leave one set of them")
    for number in range(int(match["count"] or 0)):
        written = f"{number:0{len(match['number'])}d}"
        if written not in numbers:
            start, end = match.span("number")
            missing = first.name[:start] + written + first.name[end:]
            raise DataError(
                f"{first.with_name(missing)}: this shard is missing, though {first.name} counts it"
            )
