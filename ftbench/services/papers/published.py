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
from ftbench.services.papers.request import PrintedRequest
from ftbench.suites import published


def listed(request: PrintedRequest) -> list[dict[str, Any]]:
    """The published numbers as rows.

    Raises:
        UnknownName: no such paper or table.
    """
    found = [
        cell
        for cell in published.cells()
        if (request.paper is None or request.paper == cell.source)
        and (request.exhibit is None or request.exhibit == cell.exhibit)
    ]
    if not found:
        known = {f"{cell.source}/{cell.exhibit}" for cell in published.cells()} | set(published.SOURCES)
        name = "/".join(part for part in (request.paper, request.exhibit) if part)
        raise UnknownName("paper or table", name, known)
    faults = published.faults()
    return [{**asdict(cell), "fault": faults.get(cell.key, "")} for cell in found]


def shown_published(request: PrintedRequest, format: str, *, width: int = 120, styled: bool = False) -> str:
    """The published numbers as text.

    Args:
        request: which numbers.
        format: ``json`` and ``csv`` with every field; ``rich``, ``markdown``.
        width: the columns of the terminal, for ``rich``.
        styled: whether it takes bold.

    Raises:
        UnknownName: no such paper or table.
    """
    rows = listed(request)
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
    one = Sheet("published", f"As printed: {request.title}", fields, told)
    return render_sheets([one], format, schema="", width=width, styled=styled)
