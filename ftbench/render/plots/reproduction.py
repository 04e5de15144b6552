"""Published scores against measured ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ftbench.render.plots import theme
from ftbench.render.plots.looks import DASHES, Looks, MethodLook, of_names

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("name", "published", "measured")
#: A verdict's colour and shape: those that agree and disagree are told apart at a glance, by both.
VERDICTS = {
    name: MethodLook(colour, colour, shape, DASHES[0])
    for name, colour, shape in (
        ("reproduced", "#2B7D3E", "circle"),
        ("not reproduced", "#C0392B", "cross"),
        ("underpowered", "#DA7200", "triangle-up"),
        ("undecidable", "#DF659D", "triangle-down"),
        ("not comparable", "#919191", "square"),
        ("no verdict", "#3B94D9", "diamond"),
    )
}

NAMED = 12
"""Points that are named in the picture itself: more would hide one another."""


def reproduction(frame: pd.DataFrame, title: str, bars: str = "intervals") -> theme.Plot:
    """A point for each pair of a published and a measured score, and the line where they agree.

    Args:
        frame: ``name``, ``published``, ``measured`` (both × 100); where there is an interval of the measured
            score ``low`` and ``high`` (missing: none), where there are groups to tell apart ``label``, and
            where there is a ``margin`` within which both agree, that (missing: none), drawn around the line.
        title: of the plot.
        bars: what the intervals are.
    """
    frame = frame.assign(label=frame["label"].astype(str) if "label" in frame else "pair")
    numbers = frame[["published", "measured"]].to_numpy(dtype=float)
    ends = [float(numbers.min()), float(numbers.max())]
    edge = 0.05 * (ends[1] - ends[0] or 1.0)
    domain = [ends[0] - edge, ends[1] + edge]
    labels = list(dict.fromkeys(frame["label"]))
    interval = ("low", "high") if {"low", "high"} <= set(frame.columns) else ()
    rows = theme.records(frame, *COLUMNS, "label", *interval)
    scale = {"domain": domain, "nice": False, "zero": False}

    def x(name: str) -> theme.Spec:
        return theme.field(name, scale=scale, title="published")

    def y(name: str) -> theme.Spec:
        return theme.field(name, scale=scale, title="measured")

    told = [theme.field(f"{n}:Q", format=".2f") for n in (*COLUMNS[1:], *interval)]
    looks = _looks(labels)
    same = [{"a": end} for end in domain]
    near, said = _near(frame, domain, x, y)
    layers = [
        *near,
        theme.layer(same, "line", {"x": x("a:Q"), "y": y("a:Q")}, strokeDash=[4, 3], color=theme.GREY),
    ]
    if interval:
        span = {"x": x("published:Q"), "y": y("low:Q"), "y2": theme.end("high"), "color": theme.colour(looks)}
        layers.append(theme.layer(rows, "rule", span, clip=True))  # two seeds give long ones
    several = len(labels) > 1
    verdict = [theme.field("label:N", title="verdict")] if several else []
    at = {"x": x("published:Q"), "y": y("measured:Q"), "tooltip": [theme.field("name:N"), *told, *verdict]}
    layers.append(theme.method_marks(rows, at, looks, opacity=0.85))
    apart = [row for row in rows if row["label"] == "not reproduced"]
    if 0 < len(apart) <= NAMED:
        place = {"x": x("published:Q"), "y": y("measured:Q"), "text": theme.field("name:N")}
        middle = sum(domain) / 2
        for align, dx in (("left", 8), ("right", -8)):  # towards the middle, where there is room
            mine = [row for row in apart if (row["published"] <= middle) == (align == "left")]
            layers.append(
                theme.layer(mine, "text", place, fontSize=10, align=align, dx=dx, limit=260, color=theme.GREY)
            )
        said += " Named: what is not reproduced."
    side = 1.6 * theme.WIDTH
    chart = theme.layered_plot(layers, side, side)
    said += f" Bars: {bars} of the measured scores, cut at the edges." if interval else ""
    return theme.Plot(chart, title, f"On the dashed line both agree{said}", looks if several else {})


def _near(
    frame: pd.DataFrame,
    domain: list[float],
    x: Callable[[str], theme.Spec],
    y: Callable[[str], theme.Spec],
) -> tuple[list[theme.Spec], str]:
    """What is near enough to the line, and its words: a band; where margins differ, a bar for each point."""
    known = frame[frame["margin"].notna()] if "margin" in frame else frame[:0]
    margins = sorted(set(known["margin"])) if len(known) else []
    if not margins:
        return [], ". Scores × 100."
    look = {"opacity": 0.13, "color": theme.GREY, "clip": True}
    if len(margins) == 1:
        margin = margins[0]
        band = [{"a": end, "under": end - margin, "over": end + margin} for end in domain]
        where = {"x": x("a:Q"), "y": y("under:Q"), "y2": theme.end("over")}
        points = f"{margin:g} point{'s' * (margin != 1)}"
        return [theme.layer(band, "area", where, **look)], f", in the band to within {points}. Scores × 100."
    bars = [
        {"a": at, "under": at - margin, "over": at + margin}
        for at, margin in zip(known["published"].tolist(), known["margin"].tolist(), strict=True)
    ]
    where = {"x": x("a:Q"), "y": y("under:Q"), "y2": theme.end("over")}
    words = (
        f", in its grey bar to within its margin ({margins[0]:g} to {margins[-1]:g} points). Scores × 100."
    )
    return [theme.layer(bars, "rule", where, **{**look, "strokeWidth": 11, "opacity": 0.2})], words


def _looks(labels: list[str]) -> Looks:
    """The colours and shapes of the points: of verdicts their own, of other groups those of methods."""
    if not set(labels) <= VERDICTS.keys():
        return of_names(labels)
    return {name: look for name, look in VERDICTS.items() if name in labels}
