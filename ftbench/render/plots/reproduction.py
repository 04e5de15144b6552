"""Published scores against measured ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.render.plots import theme

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("name", "published", "measured")


def reproduction(frame: pd.DataFrame, title: str, bars: str = "intervals") -> theme.Spec:
    """A point for each pair of a published and a measured score, and the line where they agree.

    Args:
        frame: ``name``, ``published``, ``measured`` (both × 100); where there is an interval of the measured
            score ``low`` and ``high`` (missing: none), where there are groups to tell apart ``label``.
        title: of the plot.
        bars: what the intervals are.
    """
    frame = frame.assign(label=frame["label"] if "label" in frame else "pair")
    numbers = frame[["published", "measured"]].to_numpy(dtype=float)
    ends = [float(numbers.min()), float(numbers.max())]
    margin = 0.05 * (ends[1] - ends[0] or 1.0)
    domain = [ends[0] - margin, ends[1] + margin]
    labels = list(dict.fromkeys(frame["label"]))
    interval = ("low", "high") if {"low", "high"} <= set(frame.columns) else ()
    rows = theme.records(frame, *COLUMNS, "label", *interval)
    scale = {"domain": domain, "nice": False, "zero": False}

    def x(name: str) -> theme.Spec:
        return theme.field(name, scale=scale, title="published")

    def y(name: str) -> theme.Spec:
        return theme.field(name, scale=scale, title="measured")

    told = [theme.field(f"{n}:Q", format=".2f") for n in (*COLUMNS[1:], *interval)]
    legend = len(labels) > 1
    colour, shape = theme.colour(labels, legend=legend), theme.shape(labels, legend=legend)
    same = [{"a": end} for end in domain]
    layers = [
        theme.layer(same, "line", {"x": x("a:Q"), "y": y("a:Q")}, strokeDash=[4, 3], color="#888"),
    ]
    if interval:
        span = {"x": x("published:Q"), "y": y("low:Q"), "y2": theme.end("high"), "color": colour}
        layers.append(theme.layer(rows, "rule", span, clip=True))  # two seeds give long ones
    at = {"x": x("published:Q"), "y": y("measured:Q"), "color": colour, "shape": shape}
    point = {**at, "tooltip": [theme.field("name:N"), *told]}
    layers.append(theme.layer(rows, "point", point, filled=True, size=60, opacity=0.85))
    side = 1.6 * theme.WIDTH
    chart = theme.layered_plot(layers, side, side)
    said = f" Bars: {bars} of the measured scores, cut at the edges." if interval else ""
    return theme.finished(chart, title, f"On the dashed line both agree. Scores × 100.{said}")
