"""Plots: Vega-Lite specifications, each a pure function of a tidy data frame, and their files."""

from __future__ import annotations

import importlib.metadata
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ftbench import settings
from ftbench.errors import BadValue, FtbenchError

if TYPE_CHECKING:
    from ftbench.render.plots.canvas import Canvas
    from ftbench.render.plots.theme import Plot

#: Kind -> what it shows.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "strip": "every run of every method, by task",
        "sweep": "scores over the values of a hyper-parameter",
        "robustness": "scores against the ratio of a perturbation",
        "learning": "training loss against steps",
        "cost": "score against time and memory, with the Pareto front",
        "ranks": "average ranks over tasks: critical-difference diagram",
        "reproduction": "published against measured scores",
        "budget": "the expected best score of so many trials of a tuning",
    }
)
SUFFIXES = (".svg", ".pdf", ".png")
DOTS, POINTS = 300, 72
"""Of a PNG, and of a PDF, in an inch."""

__all__ = ["KINDS", "SUFFIXES", "check_name", "embedded", "write"]


def check_name(path: Path) -> None:
    """Refuse a file whose name asks for no format of plots.

    Raises:
        BadValue: it ends in none of ``SUFFIXES``.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadValue(f"{path}: name a file that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")


def write(plots: Sequence[Plot], path: Path, canvas: Canvas | None = None) -> None:
    """Draw plots into a file, one above the other; its name's end says in which format.

    Args:
        plots: one or more.
        path: of the file.
        canvas: its size, font and heading; by default as large as its panels, without a heading.

    Raises:
        BadValue: the name asks for no such format, or the plots do not fit into the size.
        FtbenchError: the file cannot be written, or the plotting packages are missing.
    """
    from ftbench.render.plots import theme
    from ftbench.render.plots.assembly import assembled
    from ftbench.render.plots.canvas import PIXELS

    check_name(path)
    theme.load_plotting()
    import vl_convert

    spec = assembled(plots, canvas, vl_convert.vegalite_to_svg)
    kind, shown = path.suffix.lower(), {**spec, "background": "white"}
    if kind == ".svg":
        content = vl_convert.vegalite_to_svg(shown).encode()
    elif kind == ".pdf":
        content = vl_convert.svg_to_pdf(_in_points(vl_convert.vegalite_to_svg(shown), POINTS / PIXELS))
    else:
        content = vl_convert.vegalite_to_png(shown, scale=POINTS / PIXELS, ppi=DOTS)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FtbenchError(f"{path}: cannot be written: {error.strerror}") from error


def _in_points(svg: str, scale: float) -> str:
    """A drawing that is so much smaller: a PDF takes each of its pixels for a point."""

    def smaller(found: re.Match[str]) -> str:
        return f'{found[1]}width="{scale * float(found[2]):g}" height="{scale * float(found[3]):g}"'

    return re.sub(r'(<svg[^>]*? )width="([\d.]+)" height="([\d.]+)"', smaller, svg, count=1)


def embedded() -> str:
    """The code that shows plots in a page without a network: Vega, Vega-Lite and ``vegaEmbed``.

    Putting it together takes longer than most reports; it is kept in the user's cache folder.
    """
    folder = (settings.user_cache() or Path(tempfile.gettempdir())) / "ftbench"
    kept = folder / f"vega-embed-{importlib.metadata.version('vl-convert-python')}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except OSError:
        import vl_convert

        code = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(code, encoding="utf-8")
        part.replace(kept)
    except OSError:
        part.unlink(missing_ok=True)  # a cache that cannot be written is done without
    return code
