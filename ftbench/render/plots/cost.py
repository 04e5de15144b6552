"""Score against time and memory, with the methods that are worth what they take."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ftbench.render.plots import theme
from ftbench.render.plots.looks import Looks
from ftbench.render.tidy import LOWER, UNIT

if TYPE_CHECKING:
    import pandas as pd

AXES = (("training_seconds", "training, seconds a run"), ("peak_memory_mb", "peak memory, MB"))
BESIDE = "†"
"""Marks a method none of whose runs had the machine to itself, where those of others had."""


def cost(
    frame: pd.DataFrame,
    title: str,
    better: Collection[tuple[str, str]],
    looks: Looks,
    timed: str = "",
    unit: str = UNIT,
) -> theme.Plot:
    """Each method's average score against what it takes, one panel for time and one for memory.

    Args:
        frame: see ``ftbench.render.tidy``, with ``training_seconds`` and ``peak_memory_mb``, and ``beside``
            (whether these are of runs beside others, and to be marked); one table, clean runs.
        title: of the plot.
        better: labels of two methods of which the first is better by more than chance.
        looks: label -> its look.
        timed: which runs' times these are.
        unit: of the scores, for the caption, see ``tidy.unit_of``.
    """
    averages = averaged(frame)
    panels = [
        _panel(averages, looks, name, told, better, unit.endswith(LOWER))
        for name, told in AXES
        if averages[name].notna().any()
    ]
    left_out = [label for label in dict.fromkeys(frame["label"]) if label not in set(averages["label"])]
    word = "less" if unit.endswith(LOWER) else "more"
    told = (
        f"Mean over tasks of the means over seeds, {unit}. Line: from the cheapest on, each that scores "
        f"{word} than the last by more than chance (paired by seed, 95 % t interval)."
        f"{f' {timed}' if timed else ''}"
    )
    if left_out:
        told += f" Without a score on every task: {', '.join(left_out)}."
    return theme.Plot(theme.side_by_side(panels, 2), title, told, theme.some(looks, averages["label"]))


def averaged(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each method that has every task: its average score (× 100) and costs over tasks."""
    tasks = frame["task"].nunique()
    columns = ["value", *(name for name, _ in AXES)]
    means = frame.groupby(["label", "task"], sort=False)[columns].mean().reset_index()
    whole = means.groupby("label", sort=False).filter(lambda rows: len(rows) == tasks)
    found = whole.groupby("label", sort=False)[columns].mean().reset_index()
    found["value"] = 100 * found["value"]
    marked = set(frame["label"][frame["beside"]])
    return found.assign(mark=[BESIDE if label in marked else "" for label in found["label"]])


def front(
    points: pd.DataFrame, axis: str, better: Collection[tuple[str, str]], lower: bool = False
) -> pd.DataFrame:
    """The points that are worth what they take: the cheapest, and each that is better than the last one."""
    ordered = points.dropna(subset=[axis]).sort_values([axis, "value"], ascending=[True, lower])
    labels = [str(label) for label in ordered["label"]]
    kept = labels[:1]
    for label in labels[1:]:
        if (label, kept[-1]) in better:
            kept.append(label)
    return ordered[ordered["label"].isin(kept)]


def _panel(
    averages: pd.DataFrame,
    looks: Looks,
    axis: str,
    told: str,
    better: Collection[tuple[str, str]],
    lower: bool,
) -> theme.Spec:
    columns = ("label", "value", axis)
    points = theme.records(averages.dropna(subset=[axis]), *columns, "mark")
    best = theme.records(front(averages, axis, better, lower), *columns)
    place = {
        "x": theme.field(f"{axis}:Q", title=told, scale={"zero": False, "padding": 16, "nice": True}),
        "y": theme.field("value:Q", title="average score", scale={"zero": False, "padding": 16}),
    }
    tips = [
        theme.field("label:N", title="method"),
        theme.field("value:Q", title="average score", format=".2f"),
        theme.field(f"{axis}:Q", title=told, format=",.0f"),
    ]
    line = {"interpolate": "step-after", "strokeWidth": 1.5, "strokeDash": [4, 3], "color": theme.GREY}
    layers = [
        theme.layer(best, "line", place, **line),
        theme.method_marks(points, {**place, "tooltip": tips}, looks, size=110),
    ]
    if marked := [row for row in points if row["mark"]]:
        layers.append(theme.layer(marked, "text", {**place, "text": theme.field("mark:N")}, dx=9, dy=-7))
    return theme.layered_plot(layers, 1.2 * theme.WIDTH, theme.HEIGHT)
