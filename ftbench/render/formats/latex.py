"""LaTeX that compiles, and that a paper can input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.render.formats._format import Format, Screen

if TYPE_CHECKING:
    from ftbench.render.table import Report


def _report(report: Report, _screen: Screen) -> str:
    from ftbench.render import latex_text

    return latex_text.render(report)


FORMAT = Format(".tex", _report)
