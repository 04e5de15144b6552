"""JSON of a stated form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftbench.render.formats._format import Format, Screen

if TYPE_CHECKING:
    from ftbench.render.sheet import Sheet
    from ftbench.render.suite_table import SuiteReport
    from ftbench.render.table import Report


def _report(report: Report, _screen: Screen) -> str:
    from ftbench.render import json_text

    return json_text.render(report)


def _suites(reports: Sequence[SuiteReport], _screen: Screen) -> str:
    from ftbench.render import suite_data

    return suite_data.to_json(reports)


def _sheets(sheets: Sequence[Sheet], schema: str, _screen: Screen) -> str:
    from ftbench.render import sheet

    return sheet.to_json(sheets, schema)


FORMAT = Format(".json", _report, _suites, _sheets)
