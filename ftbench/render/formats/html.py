"""A page that needs nothing else; without what only a database knows of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.render.formats._format import Format, Screen

if TYPE_CHECKING:
    from ftbench.render.table import Report


def _report(report: Report, _screen: Screen) -> str:
    from ftbench.render import html

    return html.render(report)


FORMAT = Format(".html", _report)
