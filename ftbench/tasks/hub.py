"""Data sets of the hub: found in the cache, or downloaded into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ftbench import hub
from ftbench.domain.task import DataRef, HubSplit, RowSet, TaskSpec
from ftbench.errors import DataError, DataMissing
from ftbench.tasks import columns, saved
from ftbench.tasks.rows import Rows


def cached_rows(task: TaskSpec, revision: str = "main") -> DataRef | None:
    """The task's rows in the Hugging Face cache: downloaded files, or what ``datasets`` has prepared."""
    if not saved.splits_of(task):
        return None
    for folder in _folders(task, revision):
        if all(_files(split, folder) for split in saved.splits_of(task)):
            return DataRef("hub", folder.name, str(folder))
    return None


def fetch(task: TaskSpec, revision: str = "main") -> DataRef:
    """The task's rows in the cache, downloaded where they are not.

    Raises:
        DataMissing: neither cached nor to be had; says what ``ftbench prepare`` would do.
    """
    found = cached_rows(task, revision)
    if found is not None:
        return found
    split = saved.splits_of(task)[0]
    try:
        folder = hub.download(
            split.dataset, "dataset", revision, [f"{below or '*'}/*.parquet" for below in _below(split)]
        )
    except hub.NotThere as error:
        raise DataMissing(f"task {task.name}: {error}") from None
    except hub.Unreachable as error:
        raise DataMissing(_unreachable(task, split, str(error)), away=str(error)) from None
    if not all(_files(split, folder) for split in saved.splits_of(task)):
        raise DataMissing(f"task {task.name}: {split.dataset} on the hub lacks splits that it should have")
    return DataRef("hub", folder.name, str(folder))


def read(task: TaskSpec, rows: RowSet, ref: DataRef) -> Rows:
    """Read one set of a data set in the cache.

    Raises:
        DataMissing: the files have gone.
        DataError: they cannot be read.
    """
    assert rows.hub is not None and ref.path is not None
    files = _files(rows.hub, Path(ref.path))
    if not files:
        raise DataMissing(
            f"{ref.path}: the files of {rows.hub.dataset} ({rows.hub.config}) are no longer there"
        )
    return columns.read(task, rows, files)


def _folders(task: TaskSpec, revision: str) -> Iterator[Path]:
    split = saved.splits_of(task)[0]
    yield from hub.snapshots(split.dataset, "dataset", revision)
    # datasets: <owner>___<name>/<config>/<version>/<commit>
    prepared = hub.datasets_cache() / split.dataset.replace("/", "___") / (split.config or "default")
    for folder in sorted(prepared.glob("*/*")):
        if folder.is_dir() and revision in ("main", folder.name):
            yield folder


def _files(split: HubSplit, folder: Path) -> list[Path]:
    """The files of one split in a snapshot or a prepared folder; [] where they are not all there."""
    try:
        for below in _below(split):
            found = saved.shards_of(split, folder / below)
            if found:
                return found
        return saved.shards_of(split, folder, ("arrow",))
    except DataError:
        return []  # as after a download that was interrupted


def _below(split: HubSplit) -> list[str]:
    """Where a repository has its files: below the configuration's name, or below ``data``."""
    named = [split.config] if split.config else [""]
    return named if split.config not in (None, "default") else [*named, "data"]


def _unreachable(task: TaskSpec, split: HubSplit, reason: str) -> str:
    text = (
        f"task {task.name}: {split.dataset} ({split.config}) is not in the Hugging Face cache, and {reason};"
    )
    text += f" `ftbench prepare --tasks {task.name}` downloads it where there is a network"
    tsv = task.train.tsv
    return text + (
        f", and --data-dir or FTBENCH_DATA takes a folder with {tsv.path}" if tsv is not None else ""
    )
