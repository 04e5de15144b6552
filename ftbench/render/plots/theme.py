"""How plots look, and the parts of a Vega-Lite specification that they have in common.

Colours are such that colour-blind readers tell them apart, and each method has a shape beside.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ftbench.errors import FtbenchError

#: Okabe and Ito (2008), with a grey for their black and without their yellow: all show on light and dark.
COLOURS = "#0072B2 #D55E00 #009E73 #CC79A7 #56B4E9 #E69F00 #7F7F7F".split()
SHAPES = "circle square triangle-up diamond cross triangle-down triangle-right triangle-left".split()
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
FONT = "system-ui, 'DejaVu Sans', Arial, sans-serif"
HEIGHT, WIDTH = 200, 240
LETTER = 8  # what one takes on average, bold ones of panels' titles
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
KINDS = {"Q": "quantitative", "N": "nominal"}

_Rows = list[dict[str, Any]]
Spec = dict[str, Any]


def load_plotting() -> None:
    """Make sure that the plotting library is there; it is loaded where a plot is drawn, which takes a second.

    Raises:
        FtbenchError: it is not installed; names the extra that brings it.
    """
    if importlib.util.find_spec("vl_convert") is None:
        raise FtbenchError("plots need one more package: run `pip install 'ftbench[plots]'`")


def vega_config() -> dict[str, Any]:
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


def layer(rows: _Rows, mark: str, encoding: Mapping[str, Any], **look: Any) -> Spec:
    """Marks for some rows.

    Args:
        rows: the data; layers may share it.
        mark: ``rule``, ``rect``, ``point``, ….
        encoding: channel -> what is shown there; see ``field`` and ``end``.
        look: of the mark: ``opacity``, ``color``, ….
    """
    return {"data": {"values": rows}, "mark": {"type": mark, **look}, "encoding": dict(encoding)}


def field(name: str, **settings: Any) -> Spec:
    """A field on a channel: ``value:Q`` for numbers, ``label:N`` for names; with ``scale``, ``title``, …."""
    name, _, kind = name.partition(":")
    return {"field": name, "type": KINDS[kind], **settings}


def named_places(order: Sequence[str], title: str, *, upright: int) -> Callable[[str], Spec]:
    """The field of a horizontal axis whose whole numbers from 0 bear names.

    Args:
        order: the names.
        title: of the axis; none where empty.
        upright: from so many names on they are slanted, and where one is too long.

    Returns:
        The field of a column that holds places on this axis.
    """
    shown = [in_brief(name) for name in order]
    beside = WIDTH / max(len(order), 1) / LETTER  # letters that have room
    names = {
        "values": list(range(len(order))),
        "labelExpr": f"{json.dumps(shown)}[datum.value]",
        "labelAngle": 0 if len(order) < upright and max(map(len, shown), default=0) <= beside else -40,
        "labelLimit": 300,
        "labelOverlap": False,
        "grid": False,
    }
    ends = {"domain": [-0.6, len(order) - 0.4], "nice": False, "zero": False}
    return lambda name: field(name, scale=ends, axis=names, title=title or None)


def in_brief(name: str, letters: int = 40) -> str:
    """A name with its middle left out where it is long: those of one beginning are told by their ends."""
    half = letters // 2
    return name if len(name) <= letters else f"{name[:half]}…{name[-half:]}"


def end(name: str) -> Spec:
    """The field of a mark's other end."""
    return {"field": name}


def layered_plot(layers: Sequence[Spec], width: float, height: float, title: object = None) -> Spec:
    """Layers over one another, with a title above the left edge."""
    spec: Spec = {"layer": list(layers), "width": width, "height": height}
    if title is not None:
        lines = textwrap.wrap(str(title), int(width / LETTER)) or [""]
        spec["title"] = {
            "text": lines[0] if len(lines) == 1 else lines,
            "frame": "group",
            "fontSize": 13,
            "offset": 8,
        }
    return spec


def colour(labels: Iterable[str], *, legend: bool = True) -> Spec:
    """A colour for each method, in the order of the table."""
    return _by_label(labels, COLOURS, legend)


def shape(labels: Iterable[str], *, legend: bool = True) -> Spec:
    """A shape for each method, so that nothing depends on colour alone."""
    return _by_label(labels, SHAPES, legend)


def dash(labels: Iterable[str]) -> Spec:
    """A dash for each round of the colours."""
    return _by_label(labels, [list(dash) for dash in DASHES for _ in COLOURS], True)


def _by_label(labels: Iterable[str], values: Sequence[Any], legend: bool) -> Spec:
    names = list(labels)
    scale = {"domain": names, "range": [values[at % len(values)] for at in range(len(names))]}
    return field("label:N", scale=scale, legend={"title": None} if legend else None)


def side_by_side(panels: list[Spec]) -> Spec:
    """Panels in rows of two or three."""
    columns = 2 if len(panels) in (2, 4) else 3
    shared = {"scale": {"color": "shared", "shape": "shared"}}
    return {"concat": panels, "columns": columns, "spacing": 28, "resolve": shared}


def faceted(rows: _Rows, by: str, order: Sequence[str], layers: Sequence[Spec]) -> Spec:
    """One plot for each value of a column, with axes of its own: sooner drawn than as many panels.

    Args:
        rows: the data of all layers.
        by: the column, which names the panels.
        order: its values.
        layers: over one another in each panel.
    """
    plain = [{name: value for name, value in one.items() if name != "data"} for one in layers]
    there = {row[by] for row in rows}
    named = {"title": None, "labelAnchor": "start"}
    order = [name for name in order if name in there]
    return {
        "data": {"values": rows},
        "facet": field(f"{by}:N", sort=order, header=named),
        "columns": min(3, len(order)),
        "spacing": 28,
        "spec": {"layer": plain, "width": WIDTH, "height": HEIGHT},
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
    }


def alike(specs: Sequence[Spec]) -> list[Spec]:
    """Finished plots in which each method looks the same, whatever other methods each plot has."""
    names = list(dict.fromkeys(name for spec in specs for name in _labels(spec)))
    looks = {
        channel: dict(zip(names, scale_of(names)["scale"]["range"], strict=True))
        for channel, scale_of in (("color", colour), ("shape", shape), ("strokeDash", dash))
    }
    return [_repainted(spec, "", looks) for spec in specs]


def _labels(part: Any) -> Iterator[str]:
    """The methods that a part of a specification tells apart."""
    if isinstance(part, list):
        for one in part:
            yield from _labels(one)
    elif isinstance(part, dict):
        if part.get("field") == "label" and "scale" in part:
            yield from part["scale"]["domain"]
        for name, value in part.items():
            if name != "datasets":
                yield from _labels(value)


def _repainted(part: Any, channel: str, looks: Mapping[str, Mapping[str, Any]]) -> Any:
    """A part of a specification with other looks for its methods: channel -> method -> its look."""
    if isinstance(part, list):
        return [_repainted(one, "", looks) for one in part]
    if not isinstance(part, dict):
        return part
    if channel in looks and part.get("field") == "label" and "scale" in part:
        names = part["scale"]["domain"]
        return {**part, "scale": {"domain": names, "range": [looks[channel][name] for name in names]}}
    return {
        name: value if name == "datasets" else _repainted(value, name, looks) for name, value in part.items()
    }


def stacked(plots: Sequence[Spec]) -> Spec:
    """Several finished plots one above the other, as one; a method looks the same in all of them."""
    specs = alike(plots)
    if len(specs) == 1:
        return specs[0]
    outer = {name: specs[0][name] for name in ("$schema", "config", "background")}
    outer["datasets"] = {name: rows for spec in specs for name, rows in spec["datasets"].items()}
    inner = [{name: value for name, value in spec.items() if name not in outer} for spec in specs]
    # Each has methods of its own, and a legend for them.
    own = {"scale": dict.fromkeys(("color", "shape", "strokeDash"), "independent")}
    return {**outer, "vconcat": inner, "spacing": 48, "resolve": own}


def finished(chart: Spec, title: str, subtitle: str) -> Spec:
    """The whole specification of a chart, with its title and how to read it; data that layers share once."""
    datasets: dict[str, _Rows] = {}
    named = {"text": title, "subtitle": textwrap.wrap(subtitle, 95), "offset": 16}  # Vega wraps no title
    return {
        "$schema": SCHEMA,
        "config": vega_config(),
        "background": "transparent",
        "title": named,
        **_apart(chart, datasets),
        "datasets": datasets,
    }


def _apart(part: Any, datasets: dict[str, _Rows]) -> Any:
    """A part of a specification, its rows among the data sets and named for what they are."""
    if isinstance(part, list):
        return [_apart(one, datasets) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        key: {"name": _kept(value["values"], datasets)} if key == "data" else _apart(value, datasets)
        for key, value in part.items()
    }


def _kept(rows: _Rows, datasets: dict[str, _Rows]) -> str:
    for name, known in datasets.items():
        if known is rows:
            return name
    name = "data-" + hashlib.md5(json.dumps(rows).encode(), usedforsecurity=False).hexdigest()
    datasets[name] = rows
    return name


def records(frame: Any, *columns: str) -> _Rows:
    """The rows of a data frame as plain values, no number that is missing among them."""
    plain = []
    for name in columns:
        values, there = frame[name].tolist(), frame[name].notna().tolist()
        plain.append([value if known else None for value, known in zip(values, there, strict=True)])
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]
