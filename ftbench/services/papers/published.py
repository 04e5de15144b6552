"""The numbers that papers print: into a database, and as a list."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from ftbench.errors import UnknownName
from ftbench.render import render_sheets
from ftbench.render.sheet import Field, Sheet
from ftbench.suites import published


def listed(source: str | None = None) -> list[dict[str, Any]]:
    """The published numbers as rows, of one paper or one table (``bidrop/table5``) where named.

    Raises:
        UnknownName: no such paper or table.
    """
    name = (source or "").strip().lower()
    paper, _, exhibit = name.partition("/")
    found = [
        cell
        for cell in published.cells()
        if (source is None or name)
        and cell.source == (paper or cell.source)
        and cell.exhibit == (exhibit or cell.exhibit)
    ]
    if not found:
        known = {f"{cell.source}/{cell.exhibit}" for cell in published.cells()} | set(published.SOURCES)
        raise UnknownName("paper or table", name, known)
    faults = published.faults()
    return [{**asdict(cell), "fault": faults.get(cell.key, "")} for cell in found]


def shown(name: str, format: str, *, styled: bool = False) -> str:
    """The published numbers as text, ``all`` for those of every paper.

    Args:
        name: of a paper or a table.
        format: ``json`` and ``csv`` with every field; ``rich``, ``markdown``.
        styled: whether the terminal takes bold, for ``rich``.

    Raises:
        UnknownName: no such paper or table.
    """
    rows = listed(None if name.strip().lower() == "all" else name)
    if format == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    if format == "csv":
        file = io.StringIO()
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return file.getvalue()
    fields = tuple(
        Field(key, key.replace("_", " "), "count" if key in ("value", "n_seeds") else "text")
        for key in rows[0]
    )
    told = tuple({key: value if value != "" else None for key, value in row.items()} for row in rows)
    one = Sheet("published", f"As printed: {name}", fields, told)
    return render_sheets([one], format, schema="", styled=styled)
