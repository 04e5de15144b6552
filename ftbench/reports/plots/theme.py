"""How plots look: colours that colour-blind readers tell apart, and a shape for each method beside."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from ftbench.errors import FtbenchError

#: Okabe and Ito (2008), with a grey for their black and without their yellow: all show on light and dark.
COLOURS = "#0072B2 #D55E00 #009E73 #CC79A7 #56B4E9 #E69F00 #7F7F7F".split()
SHAPES = "circle square triangle-up diamond cross triangle-down triangle-right triangle-left".split()
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
FONT = "system-ui, 'DejaVu Sans', Arial, sans-serif"
HEIGHT, WIDTH = 200, 240


def load() -> Any:
    """The plotting library.

    Raises:
        FtbenchError: it is not installed; names the extra that brings it.
    """
    try:
        altair = importlib.import_module("altair")
        importlib.import_module("vl_convert")  # draws the files
    except ImportError as error:
        raise FtbenchError("plots need more packages: run `pip install 'ftbench[plots]'`") from error
    return altair


def config() -> dict[str, Any]:
    """Fonts and lines; colours are left to where the plot is shown."""
    return {
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridOpacity": 0.5,
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
        },
        "header": {"labelFontSize": 13, "labelFontWeight": "bold", "titleFontSize": 0},
        "legend": {
            "labelFontSize": 12,
            "titleFontSize": 12,
            "symbolSize": 90,
            "symbolOpacity": 1,
            "labelLimit": 260,
        },
        "title": {"fontSize": 14, "anchor": "start", "subtitleFontSize": 12, "subtitlePadding": 6},
    }


def colour(alt: Any, labels: Iterable[str], *, legend: bool = True) -> Any:
    """A colour for each method, in the order of the table."""
    names = list(labels)
    scale = alt.Scale(domain=names, range=_cycled(COLOURS, len(names)))
    return alt.Color("label:N", scale=scale, legend=alt.Legend(title=None) if legend else None)


def shape(alt: Any, labels: Iterable[str], *, legend: bool = True) -> Any:
    """A shape for each method, so that nothing depends on colour alone."""
    names = list(labels)
    scale = alt.Scale(domain=names, range=_cycled(SHAPES, len(names)))
    return alt.Shape("label:N", scale=scale, legend=alt.Legend(title=None) if legend else None)


def dash(alt: Any, labels: Iterable[str]) -> Any:
    """A dash for each round of the colours."""
    names = list(labels)
    dashes = [DASHES[at // len(COLOURS) % len(DASHES)] for at in range(len(names))]
    return alt.StrokeDash(
        "label:N", scale=alt.Scale(domain=names, range=dashes), legend=alt.Legend(title=None)
    )


def _cycled(values: list[str], number: int) -> list[str]:
    return [values[at % len(values)] for at in range(number)]


def side_by_side(alt: Any, panels: list[Any]) -> Any:
    """Panels in rows of two or three."""
    columns = 2 if len(panels) in (2, 4) else 3
    return alt.concat(*panels, columns=columns, spacing=28).resolve_scale(color="shared", shape="shared")


def panel_title(text: object) -> dict[str, Any]:
    """The title of a panel, above its left edge."""
    return {"text": str(text), "frame": "group", "fontSize": 13, "offset": 8}


def stacked(specs: list[dict[str, Any]]) -> dict[str, Any]:
    """Several finished plots one above the other, as one."""
    if len(specs) == 1:
        return specs[0]
    outer = {name: specs[0][name] for name in ("$schema", "config", "background")}
    outer["datasets"] = {name: rows for spec in specs for name, rows in spec["datasets"].items()}
    inner = [{name: value for name, value in spec.items() if name not in outer} for spec in specs]
    return {**outer, "vconcat": inner, "spacing": 48}


def finished(chart: Any, title: str, subtitle: str) -> dict[str, Any]:
    """The specification of a chart, with its title and how to read it."""
    titled = chart.properties(title={"text": title, "subtitle": _lines(subtitle), "offset": 16})
    spec: dict[str, Any] = titled.properties(config=config(), background="transparent").to_dict()
    return spec


def _lines(text: str, width: int = 95) -> list[str]:
    """Text in lines: a title of Vega does not wrap."""
    import textwrap

    return textwrap.wrap(text, width)


def records(frame: Any, *columns: str) -> list[dict[str, Any]]:
    """The rows of a data frame as plain values, no number that is missing among them."""
    plain = frame[list(columns)].astype(object).where(frame[list(columns)].notna(), None)
    found: list[dict[str, Any]] = plain.to_dict("records")
    return found
