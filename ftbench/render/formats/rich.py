"""Text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftbench.render.formats._format import Format, Screen

if TYPE_CHECKING:
    from ftbench.render.sheet import Sheet
    from ftbench.render.suite_table import SuiteReport
    from ftbench.render.table import Report


def _report(report: Report, screen: Screen) -> str:
    from ftbench.render import rich_text

    return rich_text.render(report, width=screen.width, styled=screen.styled)


def _suites(reports: Sequence[SuiteReport], screen: Screen) -> str:
    from ftbench.render import suite_text

    return "\n".join(suite_text.rich(one, width=screen.width, styled=screen.styled) for one in reports)


def _sheets(sheets: Sequence[Sheet], _schema: str, screen: Screen) -> str:
    from ftbench.render import sheet

    return sheet.rich(sheets, width=screen.width, styled=screen.styled)


FORMAT = Format(".txt", _report, _suites, _sheets)
