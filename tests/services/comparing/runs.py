"""Runs laid out for comparisons, and what is asked of them."""

from __future__ import annotations

from typing import Any

from ftbench.cli import _requests
from ftbench.render.sheet import Sheet
from ftbench.services.comparing.request import CompareRequest
from ftbench.services.scores.compared import Compared, arranged
from ftbench.services.scores.jobs import join, labels, reported
from ftbench.services.scores.levels import Topped
from ftbench.services.scores.selection import in_order
from tests.services.report_rows import Rows


def request(
    *methods: str, models: str | None = None, tasks: str | None = None, **more: Any
) -> CompareRequest:
    """The request of ``ftbench compare`` with these methods and filters; ``more`` are its own fields."""
    return CompareRequest(_requests.compared(models, tasks, methods, command="compare"), **more)


def compared(rows: Rows, *order: str, topped: tuple[Topped, ...] = ()) -> list[Compared]:
    """Rows made by hand, laid out by setting; methods in the order of their labels here."""
    shown = reported(in_order([cell.task for cell in rows.cells], ()), rows.cells, rows.scores)
    jobs = join(rows.cells, rows.scores, shown)
    named = labels(jobs)
    keys = sorted(named, key=lambda key: order.index(named[key]))
    return list(arranged(jobs, shown, keys, {}, "", topped))


def by(sheet: Sheet, *names: str) -> dict[Any, dict[str, Any]]:
    """The rows of a sheet by what stands in some of its fields."""
    return {tuple(row[n] for n in names) if names[1:] else row[names[0]]: row for row in sheet.rows}
