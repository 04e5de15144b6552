"""The parts of a Vega-Lite specification that plots have in common, and how methods look in them."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.render.plots.looks import Looks, MethodLook

FONT = "system-ui, 'DejaVu Sans', Arial, sans-serif"
HEIGHT, WIDTH = 200, 240
LETTER = 8  # pixels that one takes on average, bold ones of panels' titles
GREY = "#777777"
"""Of what belongs to no method: lines that lead the eye, bars over several of them."""
KINDS = {"Q": "quantitative", "N": "nominal"}

_Rows = list[dict[str, Any]]
Spec = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Plot:
    """A figure of one table.

    Attributes:
        chart: what is drawn, as a part of a specification.
        title: what it shows; a heading where several plots stand in one picture.
        told: how to read it: a caption.
        looks: what the legend below it names.
        lines: whether it has lines of the methods.
        rigid: whether its height follows from what is drawn, and cannot be chosen.
    """

    chart: Spec
    title: str
    told: str
    looks: Looks = dataclasses.field(default_factory=dict)
    lines: bool = False
    rigid: bool = False

    @property
    def caption(self) -> str:
        """What it shows and how to read it, as a paper's caption says it."""
        return f"{self.title}. {self.told}" if self.title else self.told


def load_plotting() -> None:
    """Make sure that the plotting library is there; it is loaded where a plot is drawn, which takes a second.

    Raises:
        FtbenchError: it is not installed; names the extra that brings it.
    """
    if importlib.util.find_spec("vl_convert") is None:
        raise FtbenchError("plots need one more package: run `pip install 'ftbench[plots]'`")


def layer(rows: _Rows, mark: str, encoding: Mapping[str, Any], **look: Any) -> Spec:
    """Marks for some rows.

    Args:
        rows: the data; layers may share it.
        mark: ``rule``, ``rect``, ``point``, ….
        encoding: channel -> what is shown there; see ``field`` and ``end``.
        look: of the mark: ``opacity``, ``color``, ….
    """
    return {"data": {"values": rows}, "mark": {"type": mark, **look}, "encoding": dict(encoding)}


def method_marks(
    rows: _Rows, place: Mapping[str, Any], looks: Looks, by: str = "label", size: int = 60, **look: Any
) -> Spec:
    """A mark for each row, of the colour, fill and shape of its method.

    Args:
        rows: the data.
        place: the channels that say where, and what is said of a point.
        looks: value of ``by`` -> its look.
        by: the column that names the method.
        size: of a mark, in square pixels.
        look: of all marks: ``opacity``, ….
    """
    marked = {**place, "color": colour(looks, by), "fill": filled_with(looks, by), "shape": shape(looks, by)}
    return layer(rows, "point", marked, filled=False, size=size, strokeWidth=1.2, **{"opacity": 1, **look})


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


def colour(looks: Looks, by: str = "label") -> Spec:
    """Each method's colour, of lines, outlines and areas; ``by`` is the column that names it."""
    return _by_look(looks, by, lambda look: look.colour)


def filled_with(looks: Looks, by: str = "label") -> Spec:
    """What each method's points are filled with."""
    return _by_look(looks, by, lambda look: look.fill)


def shape(looks: Looks, by: str = "label") -> Spec:
    """Each method's shape, so that nothing depends on colour alone."""
    return _by_look(looks, by, lambda look: look.shape)


def dash(looks: Looks, by: str = "label") -> Spec:
    """How each method's lines are broken."""
    return _by_look(looks, by, lambda look: list(look.dash))


def _by_look(looks: Looks, by: str, value: Callable[[MethodLook], Any]) -> Spec:
    scale = {"domain": list(looks), "range": [value(look) for look in looks.values()]}
    return field(f"{by}:N", scale=scale, legend=None)


def some(looks: Looks, labels: Iterable[str]) -> Looks:
    """The looks of some methods, in their order."""
    return {label: looks[label] for label in dict.fromkeys(labels)}


def side_by_side(panels: list[Spec], columns: int = 0) -> Spec:
    """Panels in rows of so many; of two or three by default."""
    columns = columns or (2 if len(panels) in (2, 4) else 3)
    return {"concat": panels, "columns": min(columns, len(panels)), "spacing": 28}


def records(frame: Any, *columns: str) -> _Rows:
    """The rows of a data frame as plain values, no number that is missing among them."""
    plain = []
    for name in columns:
        values, there = frame[name].tolist(), frame[name].notna().tolist()
        plain.append([value if known else None for value, known in zip(values, there, strict=True)])
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]
