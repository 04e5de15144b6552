"""Score against time and memory, with the methods that nothing beats in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ftbench.reports.plots import theme

if TYPE_CHECKING:
    import pandas as pd

AXES = (("training_seconds", "training, seconds a run"), ("peak_memory_mb", "peak memory, MB"))


def cost(frame: pd.DataFrame, title: str) -> dict[str, Any]:
    """Each method's average score against what it takes, one panel for time and one for memory.

    Args:
        frame: see ``ftbench.reports.tidy``, with ``training_seconds`` and ``peak_memory_mb``; one table,
            clean runs.
        title: of the plot.
    """
    alt = theme.load()
    labels = list(dict.fromkeys(frame["label"]))
    averages = averaged(frame)
    panels = [
        _panel(alt, averages, labels, name, told) for name, told in AXES if averages[name].notna().any()
    ]
    left_out = [label for label in labels if label not in set(averages["label"])]
    told = "Mean over tasks of the means over seeds, × 100. Line: nothing scores more and takes less."
    if left_out:
        told += f" Without a score on every task: {', '.join(left_out)}."
    return theme.finished(alt.hconcat(*panels, spacing=32), title, told)


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


def _panel(alt: Any, averages: pd.DataFrame, labels: list[str], axis: str, told: str) -> Any:
    names = ("label", "value", axis)
    points = alt.Chart(alt.InlineData(theme.records(averages.dropna(subset=[axis]), *names)))
    best = alt.Chart(alt.InlineData(theme.records(front(averages, axis), *names)))
    x = alt.X(f"{axis}:Q", title=told, scale=alt.Scale(zero=False, padding=30, nice=True))
    y = alt.Y("value:Q", title="average score", scale=alt.Scale(zero=False, padding=16))
    tips = [
        alt.Tooltip("label:N", title="method"),
        alt.Tooltip("value:Q", title="average score", format=".2f"),
        alt.Tooltip(f"{axis}:Q", title=told, format=",.0f"),
    ]
    colour = theme.colour(alt, labels, legend=False)
    shape = theme.shape(alt, labels, legend=False)
    layers = (
        best.mark_line(interpolate="step-after", strokeWidth=1.5, strokeDash=[4, 3], color="#888").encode(
            x=x, y=y
        ),
        points.mark_point(filled=True, size=110, opacity=1).encode(
            x=x, y=y, color=colour, shape=shape, tooltip=tips
        ),
        points.mark_text(dy=-12, fontSize=12).encode(x=x, y=y, text="label:N"),
    )
    return alt.layer(*layers).properties(width=1.4 * theme.WIDTH, height=1.2 * theme.HEIGHT)
