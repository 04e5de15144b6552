"""Tables of rows made by hand, and what stands in them."""

from __future__ import annotations

from ftbench.render.table import Cell, Report, Section
from tests.services.report_rows import Rows
from tests.services.requests import report_request, table_of


def report(rows: Rows, table: str = "main", **flags: str) -> Report:
    return table_of(rows, report_request(table, **flags))


def cell(section: Section, label: str, column: str, group: int = 0) -> Cell:
    row = next(row for row in section.groups[group].rows if row.label == label)
    return row.cells[[c.name for c in section.columns].index(column)]


def labels(section: Section, group: int = 0) -> list[str]:
    return [row.label for row in section.groups[group].rows]
