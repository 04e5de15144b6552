"""Tables as data, and one renderer per format; nothing here knows the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftbench.errors import UnknownName
from ftbench.render.layouts import LAYOUTS, Layout
from ftbench.render.suite_table import SuiteReport
from ftbench.render.table import Report

if TYPE_CHECKING:
    from ftbench.render.sheet import Sheet

__all__ = [
    "LAYOUTS",
    "Layout",
    "Report",
    "SuiteReport",
    "render",
    "render_sheets",
    "render_suites",
]


def render(report: Report, format: str, *, width: int = 120, styled: bool = False) -> str:
    """A report as text that ends in a newline.

    Args:
        report: the tables.
        format: its name.
        width: the columns of the terminal.
        styled: whether the terminal takes bold and underline; plain text otherwise.

    Raises:
        UnknownName: there is no such format.
    """
    from ftbench.render import formats

    return formats.find(format).report(report, formats.Screen(width, styled))


def render_suites(
    reports: Sequence[SuiteReport], format: str, *, width: int = 120, styled: bool = False
) -> str:
    """Papers' tables as text that ends in a newline; arguments and errors as for ``render``."""
    from ftbench.render import formats, suite_text

    found, screen = formats.find(format), formats.Screen(width, styled)
    if found.suites:
        return found.suites(reports, screen)
    return found.report(suite_text.as_report(reports), screen)


def render_sheets(
    sheets: Sequence[Sheet], format: str, *, schema: str, width: int = 120, styled: bool = False
) -> str:
    """Lists of findings as text that ends in a newline.

    Args:
        sheets: what to write.
        format: its name.
        schema: the name of the JSON document's form: fields may be added to it, none is renamed or removed.
        width: the columns of the terminal.
        styled: whether the terminal takes bold.

    Raises:
        UnknownName: there is no such format, or it does not write lists.
    """
    from ftbench.render import formats

    found = formats.find(format)
    if found.sheets is None:
        raise UnknownName("format", format, formats.names(lists=True))
    return found.sheets(sheets, schema, formats.Screen(width, styled))
