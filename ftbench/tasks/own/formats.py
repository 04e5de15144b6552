"""Which kinds of files are read, by the ends of their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ftbench.errors import OwnDataError
from ftbench.tasks.own.conll import read_conll
from ftbench.tasks.own.delimited import read_csv, read_tsv
from ftbench.tasks.own.json_lines import read_json_lines
from ftbench.tasks.own.table import Table, shown_path, under_each_other
from ftbench.tasks.own.typed import read_typed

FORMATS: Mapping[str, Callable[[Path], Table]] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_lines,
    ".parquet": read_typed,
    ".arrow": read_typed,
    ".conll": read_conll,
    ".bio": read_conll,
}


def is_data(path: Path) -> bool:
    """Whether a file has rows, by its name."""
    return path.suffix.lower() in FORMATS


def read_table(files: list[Path]) -> Table:
    """The rows of one set, file after file.

    Raises:
        OwnDataError: a file is of no kind that is read here, or is malformed.
    """
    for path in files:
        if not is_data(path):
            kinds = ", ".join(FORMATS)
            raise OwnDataError(
                f"{shown_path(path)}: is none of {kinds}, which are the data files that are read"
            )
    return under_each_other([FORMATS[path.suffix.lower()](path) for path in files])
