"""Scores against the ratio of a perturbation, and losses against steps, with bands over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ftbench.reports.plots import theme

if TYPE_CHECKING:
    import pandas as pd


def robustness(frame: pd.DataFrame, title: str, axis: str) -> dict[str, Any]:
    """Each method's mean score at each ratio, a panel for each task; a band of one standard deviation.

    Args:
        frame: see ``ftbench.reports.tidy``; one table.
        title: of the plot.
        axis: the perturbation.
    """
    frame = frame.assign(x=100 * frame["ratio"], value=100 * frame["value"])
    told = "Mean over seeds × 100; band: one standard deviation (ddof 1) to each side."
    return theme.finished(_lines(frame, f"{axis} (%)", points=True), title, told)


def learning(frame: pd.DataFrame, title: str) -> dict[str, Any]:
    """Each method's training loss by step, a panel for each task; a band of one standard deviation.

    Args:
        frame: ``task``, ``label``, ``seed``, ``step``, ``value``: a row for each logged loss.
        title: of the plot.
    """
    told = "Training loss as logged, mean over seeds; band: one standard deviation (ddof 1) to each side."
    frame = frame.assign(x=frame["step"], metric="loss")
    return theme.finished(_lines(frame, "step", points=False), title, told)


def _lines(frame: pd.DataFrame, axis: str, *, points: bool) -> Any:
    """Means with bands, a panel for each task."""
    alt = theme.load()
    labels = list(dict.fromkeys(frame["label"]))
    panels = [
        _panel(alt, part, labels, axis, points).properties(title=theme.panel_title(task))
        for task, part in frame.groupby("task", sort=False)
    ]
    return theme.side_by_side(alt, panels)


def _panel(alt: Any, part: pd.DataFrame, labels: list[str], axis: str, points: bool) -> Any:
    found = part.groupby(["label", "x"], sort=False)["value"].agg(["mean", "std", "count"]).reset_index()
    found["low"], found["high"] = found["mean"] - found["std"], found["mean"] + found["std"]
    names = ("label", "x", "mean", "std", "low", "high", "count")
    base = alt.Chart(alt.InlineData(theme.records(found, *names)))
    ticks = sorted(part["x"].unique().tolist()) if points else alt.Undefined
    x = alt.X(
        "x:Q", title=axis, axis=alt.Axis(values=ticks, grid=False), scale=alt.Scale(nice=False, padding=8)
    )
    colour = theme.colour(alt, labels)
    score = alt.Scale(zero=False, padding=8)
    mean = alt.Y("mean:Q", scale=score, title=str(part["metric"].iloc[0]))
    tips = [
        alt.Tooltip("label:N", title="method"),
        alt.Tooltip("x:Q", title=axis),
        alt.Tooltip("mean:Q", format=".3f" if not points else ".2f"),
        alt.Tooltip("std:Q", title="standard deviation", format=".3f" if not points else ".2f"),
        alt.Tooltip("count:Q", title="runs"),
    ]
    layers = [
        base.mark_area(opacity=0.13).encode(x=x, y=alt.Y("low:Q", scale=score), y2="high:Q", color=colour),
        base.mark_line(strokeWidth=2).encode(
            x=x, y=mean, color=colour, strokeDash=theme.dash(alt, labels), tooltip=tips
        ),
    ]
    if points:
        marks = base.mark_point(filled=True, size=60, opacity=1)
        layers.append(marks.encode(x=x, y=mean, color=colour, shape=theme.shape(alt, labels), tooltip=tips))
    return alt.layer(*layers).properties(width=theme.WIDTH, height=theme.HEIGHT)
