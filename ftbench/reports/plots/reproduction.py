"""Published scores against measured ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ftbench.reports.plots import theme

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("name", "published", "measured")


def reproduction(frame: pd.DataFrame, title: str) -> dict[str, Any]:
    """A point for each pair of a published and a measured score, and the line where they agree.

    Args:
        frame: ``name``, ``published``, ``measured`` (both × 100); where there is an interval of the measured
            score ``low`` and ``high`` (missing: none), where there are groups to tell apart ``label``.
        title: of the plot.
    """
    alt = theme.load()
    frame = frame.assign(label=frame["label"] if "label" in frame else "pair")
    numbers = frame[["published", "measured"]].to_numpy(dtype=float)
    ends = [float(numbers.min()), float(numbers.max())]
    margin = 0.05 * (ends[1] - ends[0] or 1.0)
    domain = [ends[0] - margin, ends[1] + margin]
    labels = list(dict.fromkeys(frame["label"]))
    interval = ("low", "high") if {"low", "high"} <= set(frame.columns) else ()
    base = alt.Chart(alt.InlineData(theme.records(frame, *COLUMNS, "label", *interval)))
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    x = alt.X("published:Q", scale=scale, title="published")
    y = alt.Y("measured:Q", scale=scale, title="measured")
    tips = [alt.Tooltip("name:N"), *(alt.Tooltip(f"{n}:Q", format=".2f") for n in (*COLUMNS[1:], *interval))]
    same = alt.Chart(alt.InlineData([{"a": end} for end in domain]))
    layers = [
        same.mark_line(strokeDash=[4, 3], color="#888").encode(
            x=alt.X("a:Q", scale=scale, title="published"), y=alt.Y("a:Q", scale=scale, title="measured")
        )
    ]
    legend = len(labels) > 1
    colour = theme.colour(alt, labels, legend=legend)
    if interval:
        layers.append(
            base.mark_rule().encode(
                x=x, y=alt.Y("low:Q", scale=scale, title="measured"), y2="high:Q", color=colour
            )
        )
    marks = base.mark_point(filled=True, size=60, opacity=0.85)
    layers.append(
        marks.encode(x=x, y=y, color=colour, shape=theme.shape(alt, labels, legend=legend), tooltip=tips)
    )
    side = 1.6 * theme.WIDTH
    chart = alt.layer(*layers).properties(width=side, height=side)
    return theme.finished(chart, title, "On the dashed line both agree. Scores × 100.")
