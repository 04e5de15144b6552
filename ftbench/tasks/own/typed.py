"""Parquet and Arrow files, with the names that ``datasets`` has written for the numbers of a class column."""

from __future__ import annotations

from pathlib import Path

from ftbench.errors import DataError, OwnDataError
from ftbench.tasks.columns import arrow_table, class_names_of
from ftbench.tasks.own.table import Table, shown_path


def read_typed(path: Path) -> Table:
    """The rows of a file.

    Raises:
        OwnDataError: it cannot be read, or has no rows.
    """
    name = shown_path(path)
    if not path.is_file():
        raise OwnDataError(f"{name}: {'is no file' if path.exists() else 'does not exist'}")
    try:
        table = arrow_table(path)
    except DataError as error:
        raise OwnDataError(str(error).replace(str(path), name)) from None
    if not table.num_rows:
        raise OwnDataError(f"{name}: has no rows")
    columns = {column: table[column].to_pylist() for column in dict.fromkeys(table.column_names)}
    called = {column: names for column in columns if (names := class_names_of(table, column))}
    return Table(columns, [(name, f"row {n}") for n in range(1, table.num_rows + 1)], called)
