"""Tables as data, and one renderer per format; nothing here knows the database or a statistic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from ftbench.render.layouts import LAYOUTS, Layout
from ftbench.render.suite_table import SuiteReport
from ftbench.render.table import Report

FORMATS = ("rich", "markdown", "latex", "csv", "json", "html")
#: The format that a file's name asks for.
SUFFIXES: Mapping[str, str] = MappingProxyType(
    {".md": "markdown", ".tex": "latex", ".csv": "csv", ".json": "json", ".html": "html", ".txt": "rich"}
)

__all__ = ["FORMATS", "LAYOUTS", "SUFFIXES", "Layout", "Report", "SuiteReport", "render", "render_suites"]


def render(report: Report, format: str, *, width: int = 120, styled: bool = False) -> str:
    """A report as text that ends in a newline.

    Args:
        report: the tables.
        format: one of ``FORMATS``.
        width: the columns of the terminal, for ``rich``.
        styled: whether the terminal takes bold and underline, for ``rich``; plain text otherwise.
    """
    from ftbench.render import csv_text, html, json_text, latex_text, markdown_text, rich_text

    if format == "rich":
        return rich_text.render(report, width=width, styled=styled)
    renderers: dict[str, Callable[[Report], str]] = {
        "markdown": markdown_text.render,
        "latex": latex_text.render,
        "csv": csv_text.render,
        "json": json_text.render,
        "html": html.render,
    }
    return renderers[format](report)


def render_suites(
    reports: Sequence[SuiteReport], format: str, *, width: int = 120, styled: bool = False
) -> str:
    """Papers' tables as text that ends in a newline; arguments as ``render``."""
    from ftbench.render import suite_data, suite_text

    if format == "csv":
        return suite_data.to_csv(reports)
    if format == "json":
        return suite_data.to_json(reports)
    if format == "markdown":
        return "\n".join(suite_text.markdown(report) for report in reports)
    if format in ("latex", "html"):
        return render(suite_text.plain(reports), format)
    return "\n".join(suite_text.rich(report, width=width, styled=styled) for report in reports)
