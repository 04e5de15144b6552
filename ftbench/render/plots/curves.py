"""Scores against the ratio of a perturbation, and losses against steps, with bands over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ftbench.errors import BadValue
from ftbench.render.plots import theme
from ftbench.render.tidy import UNIT

if TYPE_CHECKING:
    import pandas as pd

PANELS = 120
"""What a picture holds of them, three in a row."""
_COLUMNS = ("label", "x", "mean", "std", "low", "high", "count")


def robustness(
    frame: pd.DataFrame, title: str, axis: str, percent: bool = True, unit: str = UNIT
) -> theme.Spec:
    """Each method's mean score at each ratio, a panel for each task; a band of one standard deviation.

    Args:
        frame: see ``ftbench.render.tidy``; one table.
        title: of the plot.
        axis: the perturbation.
        percent: whether its ratios are shown × 100.
        unit: of the scores, for the caption.
    """
    frame = frame.assign(x=(100 if percent else 1) * frame["ratio"], value=100 * frame["value"])
    told = f"Mean over seeds {unit}; band: one standard deviation (ddof 1) to each side."
    return theme.finished(_lines(frame, f"{axis} (%)" if percent else axis), title, told)


def learning(frame: pd.DataFrame, title: str) -> theme.Spec:
    """Training losses by step, a panel for each method on each task; a band of one standard deviation.

    A method's loss is its own: R-Drop's has a divergence in it, a regularised one its penalty. So no two of
    them share an axis.

    Args:
        frame: ``task``, ``label``, ``seed``, ``step``, ``value``: a row for each logged loss.
        title: of the plot.

    Raises:
        BadValue: there are more panels than a picture holds.
    """
    told = (
        "Training loss as logged, mean over seeds; band: one standard deviation (ddof 1) to each side. "
        "Each method has a loss of its own: heights do not compare across panels."
    )
    found = _bands(frame.assign(x=frame["step"]))
    places = [(task, label) for task in frame["task"].unique() for label in frame["label"].unique()]
    order = [_panel_of(label, task) for task, label in places]
    found = found.assign(panel=list(map(_panel_of, found["label"], found["task"])))
    if (count := found["panel"].nunique()) > PANELS:
        raise BadValue(
            f"learning: {count:,} panels, one for each method on each task, and a picture holds {PANELS}; "
            "choose some with --methods or --tasks"
        )
    band, line = _encoded("step", "loss", ".3f", {"tickCount": 3})  # labels take most of the time
    band = {**band, "y": {**band["y"], "axis": {"tickCount": 3}}}
    rows, blue = theme.records(found, "panel", *_COLUMNS), theme.COLOURS[0]
    layers = [
        theme.layer(rows, "area", band, opacity=0.13, color=blue),
        theme.layer(rows, "line", line, strokeWidth=2, color=blue),
    ]
    return theme.finished(theme.faceted(rows, "panel", order, layers), title, told)


def _panel_of(label: str, task: str) -> str:
    return f"{theme.in_brief(label)} on {theme.in_brief(task)}"


def budget(frame: pd.DataFrame, title: str) -> theme.Spec:
    """What so many trials buy, a panel for each task; a band from the lowest study to the highest.

    Args:
        frame: ``task``, ``metric``, ``label``, ``x`` (trials), ``mean``, ``low``, ``high`` and ``std`` over
            studies, ``count`` of them: a row for each method and number of trials.
        title: of the plot.
    """
    labels = list(dict.fromkeys(frame["label"]))
    panels = [
        _scores(part, f"{part['metric'].iloc[0]}, held-out rows", labels, "trials", task)
        for task, part in frame.groupby("task", sort=False)
    ]
    told = (
        "Expected best of so many trials in any order, in closed form, on the rows held out for selection; "
        "mean over studies × 100, band: the lowest and the highest of them."
    )
    return theme.finished(theme.side_by_side(panels), title, told)


def _lines(frame: pd.DataFrame, axis: str) -> theme.Spec:
    """Means with bands, a panel for each task."""
    labels, metrics = list(dict.fromkeys(frame["label"])), frame.groupby("task")["metric"].first()
    found = _bands(frame)
    return theme.side_by_side(
        [
            _scores(part, str(metrics[task]), labels, axis, task)
            for task, part in found.groupby("task", sort=False)
        ]
    )


def _bands(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds by task, method and place, with one standard deviation to each side."""
    found = frame.groupby(["task", "label", "x"], sort=False)["value"].agg(["mean", "std", "count"])
    found = found.reset_index()
    found["low"], found["high"] = found["mean"] - found["std"], found["mean"] + found["std"]
    return found


def _scores(found: pd.DataFrame, metric: str, labels: list[str], axis: str, task: object) -> theme.Spec:
    """A task's scores, with a colour, a dash and a shape for each method."""
    colour = theme.colour(labels)
    band, line = _encoded(axis, metric, ".2f", {"values": sorted(found["x"].unique().tolist())})
    band, line = {**band, "color": colour}, {**line, "color": colour}
    rows, point = _records(found), {**line, "shape": theme.shape(labels)}
    layers = [
        theme.layer(rows, "area", band, opacity=0.13),
        theme.layer(rows, "line", {**line, "strokeDash": theme.dash(labels)}, strokeWidth=2),
        theme.layer(rows, "point", point, filled=True, size=60, opacity=1),
    ]
    return theme.layered_plot(layers, theme.WIDTH, theme.HEIGHT, task)


def _records(found: pd.DataFrame) -> list[dict[str, Any]]:
    return theme.records(found, *_COLUMNS)


def _encoded(axis: str, value: str, digits: str, ticks: Mapping[str, Any]) -> tuple[theme.Spec, theme.Spec]:
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
