"""Where a task's rows are, and reading them: a folder, the Hugging Face cache, the hub, in this order."""

from __future__ import annotations

from pathlib import Path

from ftbench.domain.task import DataRef, RowSet, TaskSpec
from ftbench.errors import BadValue, DataError, DataMissing, UnknownName
from ftbench.tasks.rows import Rows

__all__ = ["Rows", "locate", "read", "reopen"]


def locate(task: TaskSpec, data_dir: Path | None = None) -> DataRef:
    """Find a task's rows and say which they are.

    A folder that is given is the only place looked into: rows of another source under the same command would
    be a silent change of the experiment.

    Args:
        task: the task.
        data_dir: a folder in the official layout, with what ``datasets`` saved, or with a clone of the hub's
            repository; None for the hub's cache and the hub.

    Raises:
        DataMissing: not found; names the file looked for, or what ``ftbench prepare`` would do.
    """
    if task.builtin:
        from ftbench.tasks import toy

        return DataRef("builtin", toy.REVISION)
    if data_dir is not None:
        if not data_dir.is_dir():
            place = data_dir.absolute()
            raise BadValue(f"data folder {place} does not exist: --data-dir or FTBENCH_DATA name one")
        return _in_folder(task, data_dir)
    if task.train.hub is not None:
        from ftbench.tasks import hub

        return hub.fetch(task)
    looked = f" with {task.train.tsv.path}" if task.train.tsv is not None else ""
    raise DataMissing(f"task {task.name}: --data-dir or FTBENCH_DATA must name a folder{looked}")


def reopen(task: TaskSpec, revision: str, path: Path | None = None) -> DataRef:
    """Find again the rows that a job was queued with.

    Args:
        task: the task.
        revision: of the job.
        path: the folder on this machine, for rows that came from one.

    Raises:
        DataMissing: they are not there.
        DataError: they are others now.
    """
    if not revision:
        raise DataMissing(
            f"task {task.name}: queued before its rows were here; queue it again where they are"
        )
    if revision.startswith("sha256:"):
        if path is None:
            raise DataMissing(
                f"task {task.name}: the rows came from a folder; name it with --data-dir or FTBENCH_DATA"
            )
        ref = _in_folder(task, path)
    elif task.builtin:
        ref = locate(task)
    else:
        from ftbench.tasks import hub

        ref = hub.fetch(task, revision)
    if ref.revision != revision:
        where = ref.path or "this version of ftbench"
        raise DataError(
            f"task {task.name}: the rows of {where} are {ref.revision}, but the job wants {revision}"
        )
    return ref


def read(task: TaskSpec, set_name: str, ref: DataRef) -> Rows:
    """Read one set of rows: ``train``, or an evaluation set by its name.

    Raises:
        UnknownName: the task has no such set.
        DataError: a file cannot be read or is malformed; names file and line.
    """
    rows = _set(task, set_name)
    if ref.source == "builtin":
        from ftbench.tasks import toy

        made: Rows = toy.rows(task.name, set_name)
        return made
    if ref.path is None:
        raise DataMissing(f"task {task.name}: rows of revision {ref.revision} have no place on this machine")
    if ref.source == "folder":
        from ftbench.tasks import tsv

        return tsv.read(task, rows, Path(ref.path))
    if ref.source == "saved":
        from ftbench.tasks import saved

        return saved.read(task, rows, Path(ref.path))
    from ftbench.tasks import hub

    return hub.read(task, rows, ref)


def looks_there(task: TaskSpec, folder: Path) -> bool:
    """Whether a folder has the files of a task, which are not read."""
    from ftbench.tasks import saved, tsv

    if task.train.tsv is not None and not tsv.missing(task, folder):
        return True
    return saved.find(task, folder) is not None


def _set(task: TaskSpec, name: str) -> RowSet:
    sets = {rows.name: rows for rows in (task.train, *task.evaluation)}
    if name not in sets:
        raise UnknownName(f"set of rows of task {task.name}", name, sets)
    return sets[name]


def _in_folder(task: TaskSpec, folder: Path) -> DataRef:
    from ftbench.tasks import saved, tsv

    folder = folder.absolute()  # the worker that reads it may be started elsewhere
    if not folder.is_dir():
        raise DataMissing(f"data folder {folder} does not exist (--data-dir, FTBENCH_DATA)")
    absent = tsv.missing(task, folder)
    if task.train.tsv is not None and not absent:
        return DataRef("folder", tsv.digest(task, folder), str(folder))
    found = saved.find(task, folder)
    if found is not None:
        return DataRef("saved", saved.digest(found), str(folder))
    looked = absent[0] if absent else f"{task.name}/dataset_dict.json"
    others = saved.looked_for(task)
    raise DataMissing(
        f"task {task.name}: data folder {folder} has no {looked}"
        + (f", and no {others} of a data set that `datasets` saved or a clone of the hub's" if others else "")
        + ("; it is one data set itself: name the folder above it" if saved.is_one(folder) else "")
    )
