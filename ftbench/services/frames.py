"""Scores as tidy rows, one a number with its job's axes beside it, in a CSV or Parquet file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftbench.db import Database
from ftbench.domain.result import State
from ftbench.errors import BadValue, FtbenchError
from ftbench.services.report_request import Request

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns: those of the job, of the score, and of what it ran with.
NAMES = (
    "digest label model model_revision task data_revision method hparams recipe seed train_size reduction "
    "noise evaluation metric value"
).split()
#: Column -> where the provenance has it.
RAN: Mapping[str, tuple[str, ...]] = {
    "wall_seconds": ("wall_seconds",),
    "training_seconds": ("seconds", "training"),
    "peak_memory_mb": ("peak_memory_mb",),
    "device": ("device",),
    "git_commit": ("git_commit",),
    "git_dirty": ("git_dirty",),
    "ftbench": ("ftbench",),
    "torch": ("torch",),
    "method_digest": ("method_digest",),
}
COLUMNS = (*NAMES, *RAN)
SUFFIXES = (".csv", ".parquet")


def scores(database: Database, request: Request) -> pa.Table:
    """The scores of done jobs, in the order in which these were queued.

    Args:
        database: whose.
        request: which jobs: its models, tasks and methods; its baseline's, too.

    Returns:
        A row for each job, evaluation set and metric; ``COLUMNS``. ``value`` is a fraction, ``hparams`` and
        ``recipe`` are JSON with sorted keys, what is not known is missing.

    Raises:
        UnknownName: a model, task or method that nothing carries.
    """
    import pyarrow as pa

    cells = database.results.cells()
    request.check(cells)
    wanted = {cell.digest for cell in request.lets_through(cells) if cell.state == State.DONE}
    rows = [row for row in database.results.scores() if row.digest in wanted]
    facts = database.results.provenances(wanted)
    ran = {digest: [reach(found, path) for path in RAN.values()] for digest, found in facts.items()}
    texts: dict[int, str] = {}  # rows share their settings: each is written out once
    nothing = [None] * len(RAN)

    def plain(name: str, value: Any) -> Any:
        if name not in ("hparams", "recipe"):
            return value
        if id(value) not in texts:
            texts[id(value)] = json.dumps(dict(value), sort_keys=True)
        return texts[id(value)]

    data: dict[str, list[Any]] = {name: [plain(name, getattr(row, name)) for row in rows] for name in NAMES}
    for at, name in enumerate(RAN):
        data[name] = [ran.get(row.digest, nothing)[at] for row in rows]
    types = {"train_size": pa.int64(), "peak_memory_mb": pa.float64(), "method_digest": pa.string()}
    return pa.table({name: pa.array(values, types.get(name)) for name, values in data.items()})


def write_scores(database: Database, path: Path, request: Request) -> int:
    """Write the scores to a CSV or Parquet file; replaced as a whole, or not at all.

    Returns:
        How many were written.

    Raises:
        UnknownName: a model, task or method that nothing carries.
        BadValue: the file's name ends in neither ``.csv`` nor ``.parquet``.
        FtbenchError: the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise BadValue(f"--scores {path}: name a file that ends in .csv or .parquet")
    table = scores(database, request)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if kind == ".csv":
            from pyarrow import csv

            csv.write_csv(table, part)
        else:
            from pyarrow import parquet

            parquet.write_table(table, part)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FtbenchError(f"{path} cannot be written: {error.strerror or error}") from error
    return len(table)


def reach(facts: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What a provenance has at a path; None where it has nothing there."""
    value: Any = facts
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
