"""Several methods over a hyper-parameter, or over the conditions of a table: boxes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftbench.render.plots import theme
from ftbench.render.plots.looks import Looks
from ftbench.render.tidy import UNIT

if TYPE_CHECKING:
    import pandas as pd

BOX = (
    "Box: the middle half of the runs, with whiskers to the lowest and the highest; line: the median; "
    "point: the mean."
)
ROOM = 0.84  # of the distance between two places that the boxes of one take
STRIP = 15  # pixels for a box


def sweep_of_several(
    frame: pd.DataFrame,
    order: Sequence[str],
    axis: str,
    title: str,
    told: str,
    looks: Looks,
    printed: pd.DataFrame | None = None,
    unit: str = UNIT,
) -> theme.Plot:
    """The runs of several methods at each place, a panel for each task.

    Args:
        frame: ``task``, ``metric``, ``place``, ``label`` and ``value`` (a fraction): a row for each run.
        order: the places from left to right.
        axis: what they are values of; "" for conditions.
        title: of the plot.
        told: how to read it, before what boxes are.
        looks: label -> its look.
        printed: ``task``, ``place``, ``label`` and ``value`` (× 100) of a paper; None for none.
        unit: of the scores, for the caption.
    """
    looks, panels = theme.some(looks, frame["label"]), []
    for task, part in frame.groupby("task", sort=False):
        own = None if printed is None else printed[printed["task"] == task]
        panels.append(_panel(part, own, list(order), looks, axis, task))
    more = " Hollow: the mean that the paper prints." if printed is not None and len(printed) else ""
    caption = f"{told} Scores {unit}. {BOX}{more}"
    return theme.Plot(theme.side_by_side(panels), title, caption, looks)


def _panel(
    part: pd.DataFrame,
    printed: pd.DataFrame | None,
    order: list[str],
    looks: Looks,
    axis: str,
    task: object,
) -> theme.Spec:
    """Boxes around whole numbers, one for each method; the axis names the places."""
    labels = list(looks)
    width = ROOM / len(labels)
    middle = {
        (place, label): at + width * (number - (len(labels) - 1) / 2)
        for at, place in enumerate(order)
        for number, label in enumerate(labels)
    }
    boxes = _boxes(part, middle, 0.42 * width)
    x = theme.named_places(order, axis, upright=6)
    metric = str(part["metric"].iloc[0])

    def y(name: str) -> theme.Spec:
        return theme.field(name, scale={"zero": False, "nice": True}, title=metric)

    tips = [
        theme.field("label:N", title="method"),
        theme.field("place:N", title=axis or "condition"),
        *(theme.field(f"{name}:Q", format=".2f") for name in ("mean", "median", "low", "high")),
        theme.field("count:Q", title="runs"),
    ]
    colour = theme.colour(looks)
    rows = theme.records(boxes, *boxes.columns)
    across = {"x": x("left:Q"), "x2": theme.end("right"), "color": colour, "tooltip": tips}
    layers = [
        theme.layer(rows, "rule", {"x": x("at:Q"), "y": y("min:Q"), "y2": theme.end("max"), "color": colour}),
        theme.layer(rows, "rect", {**across, "y": y("low:Q"), "y2": theme.end("high")}, opacity=0.28),
        theme.layer(rows, "rule", {**across, "y": y("median:Q")}, strokeWidth=2),
        theme.method_marks(rows, {"x": x("at:Q"), "y": y("mean:Q"), "tooltip": tips}, looks, size=40),
    ]
    if printed is not None and len(printed):
        at = [middle[key] for key in zip(printed["place"], printed["label"], strict=True)]
        theirs = theme.records(printed.assign(at=at), "at", "label", "place", "value")
        said = [tips[0], tips[1], theme.field("value:Q", title="printed", format=".2f")]
        hollow = {"x": x("at:Q"), "y": y("value:Q"), "color": colour, "shape": theme.shape(looks)}
        layers.append(theme.layer(theirs, "point", {**hollow, "tooltip": said}, filled=False, size=110))
    wide = max(theme.WIDTH, STRIP * len(order) * len(labels))
    return theme.layered_plot(layers, wide, theme.HEIGHT, task)


def _boxes(part: pd.DataFrame, middle: dict[tuple[str, str], float], half: float) -> pd.DataFrame:
    """Quartiles, ends, mean and number of the runs of each place and method, × 100."""
    import numpy as np
    import pandas as pd

    rows = []
    for (place, label), found in part.groupby(["place", "label"], sort=False):
        values, at = 100 * found["value"].to_numpy(), middle[str(place), str(label)]
        low, median, high = (float(q) for q in np.quantile(values, (0.25, 0.5, 0.75)))
        box = {"low": low, "median": median, "high": high, "mean": float(values.mean()), "count": len(values)}
        ends = {"left": at - half, "right": at + half, "min": values.min(), "max": values.max()}
        rows.append({"place": place, "label": label, "at": at, **box, **ends})
    return pd.DataFrame(rows)
