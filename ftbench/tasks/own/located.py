"""Finding the rows of a user's own task again: where the job says, or where they are on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ftbench.domain.cards import CARDS
from ftbench.domain.own_task import CARD, task_document, task_of
from ftbench.domain.task import DataRef, TaskSpec
from ftbench.errors import DataError, DataMissing, OwnDataError
from ftbench.tasks.own.on_hub import root_of
from ftbench.tasks.own.read import Sets, paths_of, read_again, rows_digest
from ftbench.tasks.own.table import shown_path
from ftbench.tasks.rows import Rows

SOURCE = "own"


def locate_own(task: TaskSpec) -> DataRef:
    """The rows where their user has just named them.

    Raises:
        OwnDataError: they cannot be read.
    """
    assert task.own is not None
    root = Path(task.own.place)
    return DataRef(SOURCE, _known(task, root)[0], str(root))


def reopen_own(task: TaskSpec, revision: str, given: Path | None) -> DataRef:
    """The rows that a job was queued with.

    The job may come from anybody, and name any file: of what is in one that is not the right one nothing is
    told.

    Args:
        task: as the job carries it.
        revision: the digest of its rows.
        given: a folder with data on this machine, looked into first.

    Raises:
        DataMissing: they are not on this machine.
        DataError: they are others now.
    """
    other = None
    for root in _roots(task, given):
        try:
            if _known(task, root)[0] == revision:
                return DataRef(SOURCE, revision, str(root))
        except OwnDataError:
            pass
        other = other or root
    place = task.own.place if task.own is not None else ""
    where = _typed(task, other or Path(place))
    if other is not None:
        raise DataError(f"task {task.name}: {where} has changed since the job was queued (rows {revision})")
    absent = f"{where} is not on this machine" if place else f"its rows are those of {where}"
    raise DataMissing(
        f"task {task.name}: {absent}; name the folder that has it with --data-dir or FTBENCH_DATA"
    )


def read_own(task: TaskSpec, name: str, ref: DataRef) -> Rows:
    """One set of rows.

    Raises:
        DataError: they are not there any more.
    """
    assert ref.path is not None
    return _known(task, Path(ref.path))[1][name]


def _known(task: TaskSpec, root: Path) -> tuple[str, Sets]:
    assert task.own is not None
    files = [path for some in task.own.files.values() for path in paths_of(root, some)]
    try:
        signs = tuple((stat.st_size, stat.st_mtime_ns) for path in files for stat in [path.stat()])
    except OSError as error:
        raise OwnDataError(f"{shown_path(root)}: cannot be read: {error.strerror or error}") from None
    return _read(json.dumps(task_document(task)), str(root), signs)


@lru_cache(maxsize=4)
def _read(text: str, root: str, signs: tuple[tuple[int, int], ...]) -> tuple[str, Sets]:
    """Digest and rows; sizes and times of change of the files are arguments to be part of the cache's key."""
    card = json.loads(text)
    task = task_of({CARDS: {CARD: card}}, card["name"])
    assert task is not None
    sets = read_again(task, Path(root))
    return rows_digest(task, sets), sets


def _roots(task: TaskSpec, given: Path | None) -> Iterator[Path]:
    """The folders that hold files of these names, the likeliest first."""
    own = task.own
    assert own is not None
    roots = [given, given / Path(own.place).name] if given is not None else []
    roots += [Path(own.place)] if own.place else []
    for root in roots:
        if all(path.is_file() for files in own.files.values() for path in paths_of(root, files)):
            yield root.absolute()
    if own.source:
        yield root_of(own.source)


def _typed(task: TaskSpec, root: Path) -> str:
    own = task.own
    files = [file for some in own.files.values() for file in some] if own is not None else []
    return shown_path(root / files[0]) if len(files) == 1 else shown_path(root)
