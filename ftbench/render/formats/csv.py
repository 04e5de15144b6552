"""CSV: a row for each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftbench.render.formats._format import Format, Screen

if TYPE_CHECKING:
    from ftbench.render.sheet import Sheet
    from ftbench.render.suite_table import SuiteReport
    from ftbench.render.table import Report


def _report(report: Report, _screen: Screen) -> str:
    from ftbench.render import csv_text

    return csv_text.render(report)


def _suites(reports: Sequence[SuiteReport], _screen: Screen) -> str:
    from ftbench.render import suite_data

    return suite_data.to_csv(reports)


def _sheets(sheets: Sequence[Sheet], _schema: str, _screen: Screen) -> str:
    from ftbench.render import sheet

    return sheet.to_csv(sheets)


FORMAT = Format(".csv", _report, _suites, _sheets)
