"""JSON lines: an object a line; a list of objects in one ``.json`` file counts as such lines."""

from __future__ import annotations

import json
from pathlib import Path

from ftbench.errors import OwnDataError
from ftbench.tasks.own.table import Table, short, shown_path, text_lines


def read_json_lines(path: Path) -> Table:
    """The rows of a file; a key that a row lacks counts as null.

    Raises:
        OwnDataError: it cannot be read, or a line is no object.
    """
    name, lines = shown_path(path), text_lines(path)
    if path.suffix.lower() == ".json" and lines[0].lstrip().startswith("["):
        rows = [(f"row {n}", value) for n, value in enumerate(_list(name, "\n".join(lines)), 1)]
    else:
        rows = [(f"line {n}", _value(name, n, line)) for n, line in enumerate(lines, 1) if line.strip()]
    objects = list[dict[str, object]]()
    for at, row in rows:
        if not isinstance(row, dict):
            raise OwnDataError(f"{name}, {at}: {short(json.dumps(row))} where an object {{…}} should be")
        objects.append(row)
    columns = dict.fromkeys(key for row in objects for key in row)
    if not rows:
        raise OwnDataError(f"{name}: has no rows")
    return Table({key: [row.get(key) for row in objects] for key in columns}, [(name, at) for at, _ in rows])


def _value(name: str, number: int, line: str) -> object:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        told = error.msg if isinstance(error, json.JSONDecodeError) else "it nests too deep"
        raise OwnDataError(f"{name}, line {number}: is not JSON: {told}") from None
    return value


def _list(name: str, text: str) -> list[object]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        told = error.msg if isinstance(error, json.JSONDecodeError) else "it nests too deep"
        raise OwnDataError(f"{name}{line}: is not JSON: {told}") from None
    return list(values)
