"""Scores against the ratio of a perturbation, and losses against steps, with bands over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ftbench.errors import BadValue
from ftbench.render.plots import theme
from ftbench.render.plots.looks import Looks
from ftbench.render.tidy import UNIT

if TYPE_CHECKING:
    import pandas as pd

PANELS = 120
"""What a picture holds of them."""
ACROSS, TASKS = 5, 4
"""Panels of losses in a row: of methods on one task, and of tasks."""
SMALL = (150, 56)
"""Pixels of a panel of losses: there are many."""
BAND = 0.13
#: The names of panels stand in them: Vega-Lite leaves out no header of panels in rows that it breaks itself.
NAMELESS = {"title": None, "labelExpr": "''", "labelFontSize": 0, "labelPadding": 0}
_COLUMNS = ("label", "x", "mean", "std", "low", "high", "count")


def robustness(
    frame: pd.DataFrame, title: str, axis: str, looks: Looks, percent: bool = True, unit: str = UNIT
) -> theme.Plot:
    """Each method's mean score at each ratio, a panel for each task; a band of one standard deviation.

    Args:
        frame: see ``ftbench.render.tidy``; one table.
        title: of the plot.
        axis: the perturbation.
        looks: label -> its look.
        percent: whether its ratios are shown × 100.
        unit: of the scores, for the caption.
    """
    frame = frame.assign(x=(100 if percent else 1) * frame["ratio"], value=100 * frame["value"])
    told = f"Mean over seeds {unit}; band: one standard deviation (ddof 1) to each side."
    looks, metrics = theme.some(looks, frame["label"]), frame.groupby("task")["metric"].first()
    panels = [
        _scores(part, str(metrics[task]), looks, f"{axis} (%)" if percent else axis, task)
        for task, part in _bands(frame).groupby("task", sort=False)
    ]
    return theme.Plot(theme.side_by_side(panels), title, told, looks, lines=True)


def learning(frame: pd.DataFrame, title: str, looks: Looks) -> theme.Plot:
    """Training losses by step, a small panel for each method on each task; a band of one standard deviation.

    A method's loss is its own: R-Drop's has a divergence in it, a regularised one its penalty. So no two of
    them share an axis of losses; those of one task share their steps.

    Args:
        frame: ``task``, ``label``, ``seed``, ``step``, ``value``: a row for each logged loss.
        title: of the plot.
        looks: label -> its look.

    Raises:
        BadValue: there are more panels than a picture holds.
    """
    told = (
        "Training loss as logged, mean over seeds; band: one standard deviation (ddof 1) to each side. "
        "Each method has a loss of its own: heights do not compare across panels."
    )
    found = _bands(frame.assign(x=frame["step"]))
    count = len(found[["task", "label"]].drop_duplicates())
    if count > PANELS:
        raise BadValue(
            f"learning: {count:,} panels, one for each method on each task, and a picture holds {PANELS}; "
            "choose some with --methods or --tasks"
        )
    tasks = list(found.groupby("task", sort=False))
    looks = theme.some(looks, frame["label"])
    panels = [_losses(part, str(task), looks, ACROSS if len(tasks) == 1 else 1) for task, part in tasks]
    return theme.Plot(theme.side_by_side(panels, TASKS), title, told)


def _losses(found: pd.DataFrame, task: str, looks: Looks, columns: int) -> theme.Spec:
    """A task's losses, a panel for each method with its name in the corner, where losses are no more."""
    rows = theme.records(found.assign(shown=found["label"].map(theme.in_brief)), "shown", *_COLUMNS)
    colour = {"color": theme.colour(looks)}
    band, line = _encoded("step", None, ".3f", {"tickCount": 3, "labelOverlap": True})
    band["y"] |= {"axis": {"tickCount": 3, "title": None}}
    once = [{"aggregate": [{"op": "count", "as": "rows"}], "groupby": ["shown"]}]
    corner = {"x": {"value": "width"}, "y": {"value": -2}, "text": theme.field("shown:N")}
    named = {"type": "text", "align": "right", "baseline": "top", "fontSize": 11}
    order = list(dict.fromkeys(found["label"]))
    wide, high = SMALL
    return {
        "data": {"values": rows},
        "facet": theme.field("label:N", sort=order, header=NAMELESS),
        "columns": min(columns, len(order)),
        "spacing": 12,
        "title": {"text": f"{theme.in_brief(task)}: loss", "fontSize": 13, "anchor": "start"},
        "spec": {
            "layer": [
                {"mark": {"type": "area", "opacity": BAND}, "encoding": {**band, **colour}},
                {"mark": {"type": "line", "strokeWidth": 1.6}, "encoding": {**line, **colour}},
                {"mark": named, "transform": once, "encoding": corner},
            ],
            "width": wide,
            "height": high,
        },
        "resolve": {"scale": {"y": "independent"}},
    }


def budget(frame: pd.DataFrame, title: str, looks: Looks) -> theme.Plot:
    """What so many trials buy, a panel for each task; a band from the lowest study to the highest.

    Args:
        frame: ``task``, ``metric``, ``label``, ``x`` (trials), ``mean``, ``low``, ``high`` and ``std`` over
            studies, ``count`` of them: a row for each method and number of trials.
        title: of the plot.
        looks: label -> its look.
    """
    looks = theme.some(looks, frame["label"])
    panels = [
        _scores(part, f"{part['metric'].iloc[0]}, held-out rows", looks, "trials", task)
        for task, part in frame.groupby("task", sort=False)
    ]
    told = (
        "Expected best of so many trials in any order, in closed form, on the rows held out for selection; "
        "mean over studies × 100, band: the lowest and the highest of them."
    )
    return theme.Plot(theme.side_by_side(panels), title, told, looks, lines=True)


def _bands(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds by task, method and place, with one standard deviation to each side."""
    found = frame.groupby(["task", "label", "x"], sort=False)["value"].agg(["mean", "std", "count"])
    found = found.reset_index()
    found["low"], found["high"] = found["mean"] - found["std"], found["mean"] + found["std"]
    return found


def _scores(found: pd.DataFrame, metric: str, looks: Looks, axis: str, task: object) -> theme.Spec:
    """A task's scores, with a colour, a dash and a shape for each method."""
    colour = theme.colour(looks)
    band, line = _encoded(axis, metric, ".2f", {"values": sorted(found["x"].unique().tolist())})
    rows = theme.records(found, *_COLUMNS)
    dashed = {**line, "color": colour, "strokeDash": theme.dash(looks)}
    layers = [
        theme.layer(rows, "area", {**band, "color": colour}, opacity=BAND),
        theme.layer(rows, "line", dashed, strokeWidth=2),
        theme.method_marks(rows, line, looks),
    ]
    return theme.layered_plot(layers, theme.WIDTH, theme.HEIGHT, task)


def _encoded(
    axis: str, value: str | None, digits: str, ticks: Mapping[str, Any]
) -> tuple[theme.Spec, theme.Spec]:
    """The places of a band and of its line."""
    x = theme.field("x:Q", title=axis, axis={**ticks, "grid": False}, scale={"nice": False, "padding": 8})
    score = {"zero": False, "padding": 8}
    tips = [
        theme.field("label:N", title="method"),
        theme.field("x:Q", title=axis),
        theme.field("mean:Q", format=digits),
        theme.field("std:Q", title="standard deviation", format=digits),
        theme.field("count:Q", title="runs"),
    ]
    band = {"x": x, "y": theme.field("low:Q", scale=score), "y2": theme.end("high")}
    return band, {"x": x, "y": theme.field("mean:Q", scale=score, title=value), "tooltip": tips}
