"""Scores as tidy rows, one a number with its job's axes beside it, in a CSV or Parquet file."""

from __future__ import annotations

import json
import os
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftbench.db import Database, ValueRow
from ftbench.db.rows import OWN_COLUMNS
from ftbench.domain.provenance import RAN
from ftbench.errors import BadValue, FtbenchError
from ftbench.printable import csv_cell
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.stale import codes_of, one_code
from ftbench.services.scores.titles import titles_of

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns: those of the job, of the score, and of what it ran with.
NAMES = (
    "digest label title model model_revision task data_revision method hparams recipe seed train_size "
    "reduction noise perturbation evaluation metric value"
).split()
COLUMNS = (*NAMES, *RAN)
SUFFIXES = (".csv", ".parquet")


def score_rows(database: Database, asked: Selection) -> pa.Table:
    """The scores of done jobs, in the order in which these were queued; of each method, those of one code.

    Args:
        database: whose.
        asked: which jobs: its models, tasks and methods; its baseline's, too.

    Returns:
        A row for each job, evaluation set and metric; ``COLUMNS``. ``value`` is a fraction, ``hparams``,
        ``recipe`` and ``perturbation`` are JSON with sorted keys, what is not known is missing.

    Raises:
        UnknownName: a model, task or method that nothing carries.
    """
    import pyarrow as pa

    cells = database.results.cells()
    asked.check(cells)
    chosen = asked.lets_through(cells)
    codes = codes_of(database, chosen)
    named = titles_of(chosen, codes.own, asked.naming)
    done = [cell for cell in one_code(chosen, codes) if cell.scored]
    scored: dict[str, list[ValueRow]] = {}
    for value in database.results.values():
        scored.setdefault(value.digest, []).append(value)
    rows = [(cell, value) for cell in done for value in sorted(scored.get(cell.digest, ()))]
    ran = database.results.ran({cell.digest for cell in done}, RAN.values())
    nothing = [None] * len(RAN)

    data: dict[str, list[Any]] = {}
    for name in NAMES:
        if name in OWN_COLUMNS:
            empty = None if name == "train_size" else 0.0
            data[name] = [cell.perturbation.value(name) or empty for cell, _ in rows]
            continue
        if name == "title":
            data[name] = [named[cell.label] for cell, _ in rows]
            continue
        get, side = attrgetter(name), int(name in ("evaluation", "metric", "value"))
        found = [get(row[side]) for row in rows]
        if name == "perturbation":
            found = [json.dumps(one.canonical(), sort_keys=True) for one in found]
        data[name] = [one.text for one in found] if name in ("hparams", "recipe") else found
    for at, name in enumerate(RAN):
        data[name] = [ran.get(cell.digest, nothing)[at] for cell, _ in rows]
    types = {name: pa.float64() for name in OWN_COLUMNS}
    types |= {"train_size": pa.int64(), "peak_memory_mb": pa.float64(), "method_digest": pa.string()}
    return pa.table({name: pa.array(values, types.get(name)) for name, values in data.items()})


def _without_formulas(table: pa.Table) -> pa.Table:
    """The table with its texts as a CSV file may hold them."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = table.column(at).to_pylist()
            shown = {text: csv_cell(text) for text in set(texts)}
            if any(text != cell for text, cell in shown.items()):
                table = table.set_column(at, field, [[shown[text] for text in texts]])
    return table


def write_scores(database: Database, path: Path, asked: Selection) -> int:
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
    table = score_rows(database, asked)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if kind == ".csv":
            from pyarrow import csv

            csv.write_csv(_without_formulas(table), part)
        else:
            from pyarrow import parquet

            parquet.write_table(table, part)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FtbenchError(f"{path} cannot be written: {error.strerror or error}") from error
    return len(table)
