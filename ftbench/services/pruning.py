"""Pruning: what finished jobs have left that nothing needs: checkpoints, logs, failed attempts."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftbench.db import ALL, Database, JobFilter
from ftbench.domain.result import State
from ftbench.errors import UnknownName
from ftbench.services.jobs import precise
from ftbench.services.worker.workdir import WorkDir

KINDS = ("checkpoints", "logs", "workers", "attempts")
_OVER = (State.DONE, State.FAILED, State.CANCELLED)
_OF_JOB = re.compile(r"([0-9a-f]{64})(?:\W.*)?")
_OF_WORKER = re.compile(r".+-(\d{1,10})\.log(?:\.\d+)?")


@dataclass(frozen=True)
class Prune:
    """What is to be deleted.

    Attributes:
        kinds: of ``KINDS``; () for all.
        where: of which jobs; logs of workers are no job's and go where there is no filter.
        age: seconds since it was last touched, at least.
        size: bytes, at least.
    """

    kinds: tuple[str, ...] = ()
    where: JobFilter = ALL
    age: float = 0.0
    size: int = 0

    def __post_init__(self) -> None:
        """Refuse a kind that there is not.

        Raises:
            UnknownName: with the nearest right one.
        """
        for kind in self.kinds:
            if kind not in KINDS:
                raise UnknownName("thing to prune", kind, KINDS)


@dataclass(frozen=True)
class Remains:
    """One thing that can be deleted.

    Attributes:
        kind: of ``KINDS``.
        job: its job; "" of a worker's log.
        bytes: its size.
        touched: when it was last changed, in seconds since 1970.
        path: the file or folder; None of an attempt.
        number: of the attempt.
    """

    kind: str
    job: str
    bytes: int
    touched: float
    path: Path | None = None
    number: int = 0


def found(database: Database, asked: Prune) -> list[Remains]:
    """What would be deleted; nothing of a job that may go on, and nothing of a job that is not here."""
    kinds = asked.kinds or KINDS
    where = precise(database, asked.where)
    over = {row.digest for row in database.jobs.list(where) if row.state in _OVER}
    folder = WorkDir(database.address)
    remains: list[Remains] = []
    if "checkpoints" in kinds:
        remains += _of_jobs("checkpoints", folder.path, over, folders=True)
    if "logs" in kinds:
        remains += _of_jobs("logs", folder.path / "logs", over, folders=False)
    if "workers" in kinds and asked.where == ALL:
        remains += _of_workers(folder.workers)
    if "attempts" in kinds:
        tried = database.failed_attempts.list(where)
        remains += [Remains("attempts", one.digest, one.length, one.ended, None, one.number) for one in tried]
    latest = time.time() - asked.age
    return [one for one in remains if one.touched <= latest and one.bytes >= asked.size]


def delete(database: Database, remains: Sequence[Remains]) -> list[Remains]:
    """Delete things that were found just now; those that could not be.

    Args:
        database: open for writing.
        remains: what ``found`` gave.
    """
    database.failed_attempts.delete([(one.job, one.number) for one in remains if one.path is None])
    left = []
    for one in remains:
        if one.path is None:
            continue
        try:
            if one.kind == "checkpoints":
                shutil.rmtree(one.path)
            else:
                one.path.unlink(missing_ok=True)
        except OSError:
            left.append(one)
    return left


def _entries(folder: Path, *, folders: bool) -> Iterator[os.DirEntry[str]]:
    """The files or folders of a folder, no links: what they lead to is not ours."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) if folders else entry.is_file(follow_symlinks=False):
                yield entry


def _of_jobs(kind: str, folder: Path, over: Iterable[str], *, folders: bool) -> Iterator[Remains]:
    known = set(over)
    for entry in _entries(folder, folders=folders):
        name = _OF_JOB.fullmatch(entry.name)
        if name is not None and name[1] in known:
            size, touched = _measured(entry)
            yield Remains(kind, name[1], size, touched, Path(entry.path))


def _of_workers(folder: Path) -> Iterator[Remains]:
    """Logs of workers whose process is gone."""
    for entry in _entries(folder, folders=False):
        name = _OF_WORKER.fullmatch(entry.name)
        if name is not None and not Path("/proc", name[1]).exists():
            size, touched = _measured(entry)
            yield Remains("workers", "", size, touched, Path(entry.path))


def _measured(entry: os.DirEntry[str]) -> tuple[int, float]:
    """The bytes in a file or folder, and when something in it was last changed."""
    own = entry.stat(follow_symlinks=False)
    if entry.is_file(follow_symlinks=False):
        return own.st_size, own.st_mtime
    size, touched = 0, own.st_mtime
    for place, _, files in os.walk(entry.path):
        for name in files:
            one = os.lstat(os.path.join(place, name))
            size, touched = size + one.st_size, max(touched, one.st_mtime)
    return size, touched
