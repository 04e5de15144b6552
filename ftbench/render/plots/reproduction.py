"""Published scores against measured ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.render.plots import theme

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("name", "published", "measured")
#: A verdict's colour and shape: those that agree and disagree are told apart at a glance, by both.
VERDICTS = {
    "reproduced": ("#009E73", "circle"),
    "not reproduced": ("#D55E00", "cross"),
    "underpowered": ("#E69F00", "triangle-up"),
    "not comparable": ("#7F7F7F", "square"),
    "no verdict": ("#56B4E9", "diamond"),
}


def reproduction(
    frame: pd.DataFrame, title: str, bars: str = "intervals", margin: float | None = None
) -> theme.Spec:
    """A point for each pair of a published and a measured score, and the line where they agree.

    Args:
        frame: ``name``, ``published``, ``measured`` (both × 100); where there is an interval of the measured
            score ``low`` and ``high`` (missing: none), where there are groups to tell apart ``label``.
        title: of the plot.
        bars: what the intervals are.
        margin: within which both agree, × 100, drawn as a band; None for none.
    """
    frame = frame.assign(label=frame["label"] if "label" in frame else "pair")
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
    legend = len(labels) > 1
    colour, shape = _looks(labels, legend)
    same = [{"a": end} for end in domain]
    layers = [
        theme.layer(same, "line", {"x": x("a:Q"), "y": y("a:Q")}, strokeDash=[4, 3], color="#888"),
    ]
    if margin is not None:
        near = [{"a": end, "under": end - margin, "over": end + margin} for end in domain]
        band = {"x": x("a:Q"), "y": y("under:Q"), "y2": theme.end("over")}
        layers.insert(0, theme.layer(near, "area", band, opacity=0.13, color="#888", clip=True))
    if interval:
        span = {"x": x("published:Q"), "y": y("low:Q"), "y2": theme.end("high"), "color": colour}
        layers.append(theme.layer(rows, "rule", span, clip=True))  # two seeds give long ones
    at = {"x": x("published:Q"), "y": y("measured:Q"), "color": colour, "shape": shape}
    verdict = [theme.field("label:N", title="verdict")] if legend else []
    point = {**at, "tooltip": [theme.field("name:N"), *told, *verdict]}
    layers.append(theme.layer(rows, "point", point, filled=True, size=60, opacity=0.85))
    side = 1.6 * theme.WIDTH
    chart = theme.layered_plot(layers, side, side)
    said = "" if margin is None else f", in the band to within {margin:g} points"
    said += ". Scores × 100."
    said += f" Bars: {bars} of the measured scores, cut at the edges." if interval else ""
    return theme.finished(chart, title, f"On the dashed line both agree{said}")


def _looks(labels: list[str], legend: bool) -> tuple[theme.Spec, theme.Spec]:
    """The colours and shapes of the points: of verdicts their own, of other groups those of methods."""
    if not set(labels) <= VERDICTS.keys():
        return theme.colour(labels, legend=legend), theme.shape(labels, legend=legend)
    there = [name for name in VERDICTS if name in labels]
    key = {"title": None} if legend else None
    colour, shape = (
        theme.field("label:N", legend=key, scale={"domain": there, "range": [VERDICTS[n][at] for n in there]})
        for at in (0, 1)
    )
    return colour, shape
