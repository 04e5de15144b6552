"""The page of papers' tables: each with the plot of its printed against its measured means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ftbench.errors import FtbenchError
from ftbench.render import html, suite_text
from ftbench.render.html.frame import PageFrame
from ftbench.render.suite_table import SuiteReport
from ftbench.services.papers import reproduction


def page(tables: Sequence[SuiteReport], frame: PageFrame | None = None) -> str:
    """The page; with plots where their packages are installed.

    Args:
        tables: of papers.
        frame: of a page that is one of many; without it the page stands alone.
    """
    figures, script = _figures(tables)
    return html.render(suite_text.as_report(tables), html.Details(figures=figures, script=script), frame)


def _figures(tables: Sequence[SuiteReport]) -> tuple[list[list[html.Figure]], str]:
    """The plots of each section, and the library that shows them; nothing where it is not installed."""
    from ftbench.render.plots import embedded, theme

    try:
        theme.load_plotting()
    except FtbenchError:
        return [], ""
    figures = [found for table in tables for found in _figures_of(table)]
    return figures, embedded() if any(figures) else ""


def _figures_of(table: SuiteReport) -> Iterator[list[html.Figure]]:
    """A list for each section; a table's one plot stands with its last, as its notes do."""
    yield from ([] for _ in table.sections[1:])
    plot = reproduction.of_table(table)
    yield [html.Figure("Reproduction", plot, reproduction.named_points(table))] if plot else []
