"""Data sets of the hub: found in the cache, or downloaded into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ftbench import hub
from ftbench.domain.task import DataRef, HubSplit, RowSet, TaskSpec
from ftbench.errors import DataError
from ftbench.tasks import saved
from ftbench.tasks.rows import Rows


def cached(task: TaskSpec, revision: str = "main") -> DataRef | None:
    """The task's rows in the Hugging Face cache: downloaded files, or what ``datasets`` has prepared."""
    if not _splits(task):
        return None
    for folder in _folders(task, revision):
        if all(_files(split, folder) for split in _splits(task)):
            return DataRef("hub", folder.name, str(folder))
    return None


def fetch(task: TaskSpec, revision: str = "main") -> DataRef:
    """The task's rows in the cache, downloaded where they are not.

    Raises:
        DataError: neither cached nor to be had; says what ``ftbench prepare`` would do.
    """
    found = cached(task, revision)
    if found is not None:
        return found
    split = _splits(task)[0]
    try:
        folder = hub.download(split.dataset, "dataset", revision, [f"{split.config or '*'}/*.parquet"])
    except hub.NotThere as error:
        raise DataError(f"task {task.name}: {error}") from None
    except hub.Unreachable as error:
        raise DataError(_unreachable(task, split, str(error))) from None
    if not all(_files(split, folder) for split in _splits(task)):
        raise DataError(f"task {task.name}: {split.dataset} on the hub lacks splits that it should have")
    return DataRef("hub", folder.name, str(folder))


def read(task: TaskSpec, rows: RowSet, ref: DataRef) -> Rows:
    """Read one set of a data set in the cache.

    Raises:
        DataError: the files have gone, or cannot be read.
    """
    assert rows.hub is not None and ref.path is not None
    files = _files(rows.hub, Path(ref.path))
    if not files:
        raise DataError(
            f"{ref.path}: the files of {rows.hub.dataset} ({rows.hub.config}) are no longer there"
        )
    return saved.read_files(task, rows, files)


def _folders(task: TaskSpec, revision: str) -> Iterator[Path]:
    split = _splits(task)[0]
    yield from hub.snapshots(split.dataset, "dataset", revision)
    # datasets: <owner>___<name>/<config>/<version>/<commit>
    prepared = hub.datasets_cache() / split.dataset.replace("/", "___") / (split.config or "default")
    for folder in sorted(prepared.glob("*/*")):
        if folder.is_dir() and revision in ("main", folder.name):
            yield folder


def _files(split: HubSplit, folder: Path) -> list[Path]:
    """The files of one split, in order: one or numbered parquet files, or one or numbered Arrow files."""
    below = folder / split.config if split.config else folder
    name = split.dataset.rpartition("/")[2]
    for where, pattern in (
        (below, f"{split.split}-*.parquet"),
        (below, f"{split.split}.parquet"),
        (folder, f"{name}-{split.split}.arrow"),
        (folder, f"{name}-{split.split}-*.arrow"),
    ):
        found = sorted(where.glob(pattern))
        if found:
            return found
    return []


def _splits(task: TaskSpec) -> list[HubSplit]:
    return [rows.hub for rows in (task.train, *task.evaluation) if rows.hub is not None]


def _unreachable(task: TaskSpec, split: HubSplit, reason: str) -> str:
    text = (
        f"task {task.name}: {split.dataset} ({split.config}) is not in the Hugging Face cache, and {reason};"
    )
    text += f" `ftbench prepare --tasks {task.name}` downloads it where there is a network"
    tsv = task.train.tsv
    return text + (
        f", and --data-dir or FTBENCH_DATA takes a folder with {tsv.path}" if tsv is not None else ""
    )
