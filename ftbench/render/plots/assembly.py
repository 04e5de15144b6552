"""From plots to a whole specification: one above the other, a legend below, the size that a paper needs."""

from __future__ import annotations

import hashlib
import json
import math
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ftbench.errors import BadValue
from ftbench.render.plots import theme
from ftbench.render.plots.canvas import PIXELS, Canvas
from ftbench.render.plots.fonts import quoted_fonts
from ftbench.render.plots.legend import legend_below
from ftbench.render.plots.looks import MethodLook
from ftbench.render.plots.theme import Plot, Spec

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
CHANNELS = ("color", "fill", "shape", "strokeDash")
NARROWEST = 0.5
"""Of a panel's usual width; where less is left there are fewer panels in a row."""
LOWEST, FLAT, SMALLEST = 0.4, 0.8, 0.05
AXIS = 52  # pixels that an axis takes at the left, where the legend does not begin
WITHIN, NEARLY = 1.0, 0.01  # pixels, of which drawings have whole ones; and what is near enough
_SIZE = re.compile(r'<svg[^>]*? width="([\d.]+)"[^>]*? height="([\d.]+)"')

#: Draws a specification as SVG.
Drawn = Callable[[Spec], str]


@dataclass(frozen=True)
class _Scale:
    """How large panels are against their usual size, and how many stand in a row at most."""

    wide: float = 1.0
    high: float = 1.0
    columns: int = 100


def assembled(plots: Sequence[Plot], canvas: Canvas | None = None, drawn: Drawn | None = None) -> Spec:
    """The whole specification of some plots, one above the other, with one legend for all.

    Where there are several, each has its title as a heading.

    Args:
        plots: one or more.
        canvas: the size, the font, and the heading of the whole.
        drawn: draws a specification, to see how large it is; needed where the canvas has a size.

    Raises:
        BadValue: the plots do not fit into the size.
    """
    canvas = canvas or Canvas()
    scale = _Scale()
    if canvas.width is not None and drawn is not None:
        scale = _fitted_width(plots, canvas, drawn, PIXELS * canvas.width)
    if canvas.height is not None and drawn is not None:
        scale = _fitted_height(plots, canvas, drawn, PIXELS * canvas.height, scale)
    return _specification(plots, canvas, scale)


def _specification(plots: Sequence[Plot], canvas: Canvas, scale: _Scale, named: bool = True) -> Spec:
    """The whole; ``named``: with the legend."""
    datasets: dict[str, list[dict[str, Any]]] = {}
    charts = [_resized(plot.chart, scale, plot.rigid) for plot in plots]
    wide = PIXELS * canvas.width - AXIS if canvas.width else max(map(_natural, charts))
    if len(plots) > 1:
        pairs = zip(charts, plots, strict=True)
        charts = [{**_alone(chart), "title": _headed(plot.title, wide, 14)} for chart, plot in pairs]
    body = charts[0] if len(charts) == 1 else {"vconcat": charts, "spacing": 36, "resolve": _own()}
    looks: dict[str, MethodLook] = {name: look for plot in plots for name, look in plot.looks.items()}
    if looks and named:
        body = {
            "vconcat": [body, legend_below(looks, wide, any(plot.lines for plot in plots))],
            "spacing": 10,
            "resolve": _own(),
        }
    if canvas.title:
        body = {**_alone(body), "title": _headed(canvas.title, wide, 15)}
    return {
        "$schema": SCHEMA,
        "config": _config(canvas.fonts),
        "background": "transparent",
        **({"padding": 2} if canvas.width or canvas.height else {}),
        "description": " ".join(dict.fromkeys(plot.caption for plot in plots)),
        **_apart(body, datasets),
        "datasets": datasets,
    }


def _config(fonts: Sequence[str] = ()) -> dict[str, Any]:
    """Fonts and lines; colours of text are left to where the plot is shown."""
    return {
        "font": f"{quoted_fonts(fonts)}, {theme.FONT}" if fonts else theme.FONT,
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
        "legend": {"labelFontSize": 12, "titleFontSize": 12, "symbolSize": 90, "labelLimit": 260},
        "title": {"fontSize": 14, "anchor": "start"},
    }


def _own() -> Spec:
    """Scales that plots beside one another do not share: each has methods of its own."""
    return {"scale": dict.fromkeys(CHANNELS, "independent")}


def _alone(chart: Spec) -> Spec:
    """A chart that can have a title beside its own."""
    return {"vconcat": [chart]} if "title" in chart else chart


def _headed(text: str, wide: float, size: int) -> Spec:
    lines = textwrap.wrap(text, max(16, int(wide / (0.56 * size)))) or [""]
    return {"text": lines, "anchor": "start", "fontSize": size, "offset": 12}


def _resized(part: Any, scale: _Scale, rigid: bool) -> Any:
    """A chart with larger or smaller panels, and as many of them in a row as have room."""
    if "layer" in part and "width" in part:
        high = part["height"] if rigid else part["height"] * scale.high
        return {**part, "width": part["width"] * scale.wide, "height": high}
    if "concat" in part:
        panels = [_resized(one, scale, rigid) for one in part["concat"]]
        return {**part, "concat": panels, "columns": min(part["columns"], scale.columns)}
    if "spec" in part:
        found = {**part, "spec": _resized(part["spec"], scale, rigid)}
        return found | ({"columns": min(part["columns"], scale.columns)} if "columns" in part else {})
    return part


def _natural(part: Any, spaced: bool = True) -> float:
    """How wide a chart's panels are, without what stands around them; ``spaced``: with the room between."""
    if "spec" in part:
        return float(part.get("columns", 1)) * _natural(part["spec"], spaced)
    if "concat" in part:
        columns, space = part["columns"], part["spacing"] if spaced else 0
        wide = [_natural(one, spaced) + space for one in part["concat"]]
        return float(max(sum(wide[at : at + columns]) for at in range(0, len(wide), columns)) - space)
    return float(part.get("width", theme.WIDTH))


def _high(part: Any) -> float:
    """How high a chart's panels are, one row upon the other."""
    if "spec" in part:
        rows = -(-len(part["facet"]["sort"]) // part["columns"])
        return float(rows * _high(part["spec"]))
    if "concat" in part:
        columns, high = part["columns"], list(map(_high, part["concat"]))
        return sum(max(high[at : at + columns]) for at in range(0, len(high), columns))
    return float(part.get("height", theme.HEIGHT))


def _columns(part: Any) -> int:
    """How many panels stand in a row at most."""
    if "concat" in part:
        return max(int(part["columns"]), *map(_columns, part["concat"]))
    return int(part.get("columns", 1)) if "spec" in part else 1


def _fitted_width(plots: Sequence[Plot], canvas: Canvas, drawn: Drawn, wanted: float) -> _Scale:
    """The scale with which the picture is as wide as wanted; narrow panels stand in more rows."""
    for columns in range(max(_columns(plot.chart) for plot in plots), 0, -1):
        charts = [_resized(plot.chart, _Scale(columns=columns), plot.rigid) for plot in plots]
        panels = max(_natural(chart, spaced=False) for chart in charts)
        around = max(map(_natural, charts)) - panels + AXIS * max(map(_columns, charts))
        guess = (wanted - around) / panels
        if guess < NARROWEST / 2 and columns > 1:
            continue
        found = _solved(partial(_width, plots, canvas, drawn, columns), wanted, panels, guess)
        if found >= NARROWEST:
            return _of(found, columns)
    least = _width(plots, canvas, drawn, 1, NARROWEST) / PIXELS
    raise BadValue(f"--width: this figure needs {math.ceil(100 * least) / 100:g} inches at least")


def _width(plots: Sequence[Plot], canvas: Canvas, drawn: Drawn, columns: int, wide: float) -> float:
    """Of the picture without its legend, which takes what there is."""
    return _size(plots, canvas, _of(wide, columns), drawn, named=False)[0]


def _of(wide: float, columns: int) -> _Scale:
    """A scale by its width: papers have low panels, and narrow ones are lower."""
    return _Scale(wide, min(FLAT, max(LOWEST, 1.15 * wide)), columns)


def _fitted_height(
    plots: Sequence[Plot], canvas: Canvas, drawn: Drawn, wanted: float, scale: _Scale
) -> _Scale:
    if all(plot.rigid for plot in plots):
        raise BadValue("--height does not go with such a figure: its height follows from its methods")

    def higher(by: float) -> _Scale:
        return _Scale(scale.wide, by, scale.columns)

    panels = sum(_high(_resized(plot.chart, higher(1.0), True)) for plot in plots if not plot.rigid)
    found = _solved(lambda high: _size(plots, canvas, higher(high), drawn)[1], wanted, panels, scale.high)
    if found < LOWEST / 2:
        least = _size(plots, canvas, higher(LOWEST / 2), drawn)[1] / PIXELS
        raise BadValue(f"--height: this figure needs {math.ceil(100 * least) / 100:g} inches at least")
    return higher(found)


def _solved(size: Callable[[float], float], wanted: float, slope: float, guess: float) -> float:
    """The scale at which a picture has the wanted size; one that is too small to be used where there is none.

    Args:
        size: of the picture, in pixels, at a scale.
        wanted: of it.
        slope: how it grows with the scale.
        guess: a scale to begin with.
    """
    at = max(SMALLEST, guess)
    for _ in range(4):
        found = size(at)
        if abs(found - wanted) <= WITHIN or at == SMALLEST:
            return at
        last, at = at, max(SMALLEST, at + (wanted - found) / slope)
    return last if abs(found - wanted) < NEARLY * wanted else SMALLEST


def _size(
    plots: Sequence[Plot], canvas: Canvas, scale: _Scale, drawn: Drawn, named: bool = True
) -> tuple[float, float]:
    """Width and height of the picture, in pixels."""
    read = _SIZE.search(drawn(_specification(plots, canvas, scale, named)))
    return (float(read[1]), float(read[2])) if read else (0.0, 0.0)


def _apart(part: Any, datasets: dict[str, list[dict[str, Any]]]) -> Any:
    """A part of a specification, its rows among the data sets and named for what they are."""
    if isinstance(part, list):
        return [_apart(one, datasets) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        key: {"name": _kept(value["values"], datasets)} if key == "data" else _apart(value, datasets)
        for key, value in part.items()
    }


def _kept(rows: list[dict[str, Any]], datasets: dict[str, list[dict[str, Any]]]) -> str:
    for name, known in datasets.items():
        if known is rows:
            return name
    name = "data-" + hashlib.md5(json.dumps(rows).encode(), usedforsecurity=False).hexdigest()
    datasets[name] = rows
    return name
