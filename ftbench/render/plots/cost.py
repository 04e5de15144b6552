"""Score against time and memory, with the methods that nothing beats in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.render.plots import theme

if TYPE_CHECKING:
    import pandas as pd

AXES = (("training_seconds", "training, seconds a run"), ("peak_memory_mb", "peak memory, MB"))


def cost(frame: pd.DataFrame, title: str) -> theme.Spec:
    """Each method's average score against what it takes, one panel for time and one for memory.

    Args:
        frame: see ``ftbench.render.tidy``, with ``training_seconds`` and ``peak_memory_mb``; one table,
            clean runs.
        title: of the plot.
    """
    labels = list(dict.fromkeys(frame["label"]))
    averages = averaged(frame)
    panels = [_panel(averages, labels, name, told) for name, told in AXES if averages[name].notna().any()]
    left_out = [label for label in labels if label not in set(averages["label"])]
    told = "Mean over tasks of the means over seeds, × 100. Line: nothing scores more and takes less."
    if left_out:
        told += f" Without a score on every task: {', '.join(left_out)}."
    return theme.finished({"hconcat": panels, "spacing": 32}, title, told)


def averaged(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each method that has every task: its average score (× 100) and costs over tasks."""
    tasks = frame["task"].nunique()
    columns = ["value", *(name for name, _ in AXES)]
    means = frame.groupby(["label", "task"], sort=False)[columns].mean().reset_index()
    whole = means.groupby("label", sort=False).filter(lambda rows: len(rows) == tasks)
    found = whole.groupby("label", sort=False)[columns].mean().reset_index()
    found["value"] = 100 * found["value"]
    return found


def front(points: pd.DataFrame, axis: str) -> pd.DataFrame:
    """The points that no other one beats: none scores as much and takes less, or more and takes as much."""
    ordered = points.dropna(subset=[axis]).sort_values([axis, "value"], ascending=[True, False])
    return ordered[ordered["value"] > ordered["value"].cummax().shift(fill_value=float("-inf"))]


def _panel(averages: pd.DataFrame, labels: list[str], axis: str, told: str) -> theme.Spec:
    columns = ("label", "value", axis)
    points = theme.records(averages.dropna(subset=[axis]), *columns)
    best = theme.records(front(averages, axis), *columns)
    place = {
        "x": theme.field(f"{axis}:Q", title=told, scale={"zero": False, "padding": 30, "nice": True}),
        "y": theme.field("value:Q", title="average score", scale={"zero": False, "padding": 16}),
    }
    tips = [
        theme.field("label:N", title="method"),
        theme.field("value:Q", title="average score", format=".2f"),
        theme.field(f"{axis}:Q", title=told, format=",.0f"),
    ]
    colour, shape = theme.colour(labels, legend=False), theme.shape(labels, legend=False)
    point = {**place, "color": colour, "shape": shape, "tooltip": tips}
    line = {"interpolate": "step-after", "strokeWidth": 1.5, "strokeDash": [4, 3], "color": "#888"}
    layers = [
        theme.layer(best, "line", place, **line),
        theme.layer(points, "point", point, filled=True, size=110, opacity=1),
        theme.layer(points, "text", {**place, "text": theme.field("label:N")}, dy=-12, fontSize=12),
    ]
    return theme.layered_plot(layers, 1.4 * theme.WIDTH, 1.2 * theme.HEIGHT)
