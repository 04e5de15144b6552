"""Spread over seeds: strips or violins by method (Bi-Drop's Figure 4), boxes by value (DPS's Figure 2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ftbench.errors import BadValue, UnknownName
from ftbench.reports.plots import theme

if TYPE_CHECKING:
    import pandas as pd

BOX = "Box: the middle half of the runs, with whiskers to the lowest and the highest; line: the median."
HALF = 0.3  # a box's width to each side
POINTS = 60  # scores of one method on one task; more are shown as a box alone
VIOLIN_FROM = 5  # runs; the shape of fewer is a guess
STEPS = 64  # heights at which a violin's width is computed


def strip(frame: pd.DataFrame, title: str, *, violin: bool = False) -> dict[str, Any]:
    """Every score of every method, a panel for each task, with quartiles and median.

    Args:
        frame: see ``ftbench.reports.tidy``; one table, clean runs.
        title: of the plot.
        violin: with the density of the runs as a shape, instead of a box.
    """
    labels = list(dict.fromkeys(frame["label"]))
    told = f"Each point is a run. {BOX} Scores × 100."
    if violin:
        told = (
            "Each point is a run. Shape: their density, from the lowest to the highest (Gaussian kernel, "
            f"Scott's width), a box where fewer than {VIOLIN_FROM} runs differ; line: the median. "
            "Scores × 100."
        )
    return theme.finished(_panels(frame.assign(place=frame["label"]), labels, "", violin), title, told)


def sweep(frame: pd.DataFrame, title: str, over: str | None = None) -> dict[str, Any]:
    """Scores against the values of a hyper-parameter, a panel for each task.

    Args:
        frame: see ``ftbench.reports.tidy``; the rows of one method.
        title: of the plot.
        over: the hyper-parameter; None for the only one that differs between the rows.

    Raises:
        BadValue: no hyper-parameter differs, or several do and none was chosen.
        UnknownName: there is no such hyper-parameter.
    """
    settings = [json.loads(text) for text in frame["hparams"]]
    differing = sorted(
        {name for s in settings for name in s if any(o.get(name) != s[name] for o in settings)}
    )
    if over is not None and over not in {name for s in settings for name in s}:
        raise UnknownName("hyper-parameter", over, {name for s in settings for name in s})
    if over is None and len(differing) != 1:
        told = f"choose one with --over: {', '.join(differing)}" if differing else "queue a grid first"
        raise BadValue(f"sweep: {len(differing)} hyper-parameters differ between the rows; {told}")
    chosen = over or differing[0]
    values = [s.get(chosen) for s in settings]
    order = [_text(value) for value in sorted(dict.fromkeys(values), key=_rank)]
    placed = frame.assign(place=[_text(value) for value in values])
    return theme.finished(
        _panels(placed, order, chosen),
        title,
        f"Scores × 100 of the runs at each value of {chosen}. {BOX}",
    )


def _panels(frame: pd.DataFrame, order: list[str], axis: str, violin: bool = False) -> Any:
    """Boxes or violins, and points, by ``place``, a panel for each task."""
    alt = theme.load()
    frame = frame.assign(value=100 * frame["value"])
    panels = [
        _panel(alt, part, order, axis, violin).properties(title=theme.panel_title(task))
        for task, part in frame.groupby("task", sort=False)
    ]
    return theme.side_by_side(alt, panels)


def _panel(alt: Any, part: pd.DataFrame, order: list[str], axis: str, violin: bool) -> Any:
    """Boxes at whole numbers, the points of each a little beside one another; the axis names the places."""
    part = part.assign(at=part["place"].map({place: at for at, place in enumerate(order)}))
    grouped = part.groupby(["place", "at"], sort=False)["value"]
    boxes = grouped.describe().rename(columns={"25%": "low", "50%": "median", "75%": "high"}).reset_index()
    boxes = boxes.assign(left=boxes["at"] - HALF, right=boxes["at"] + HALF)
    shapes = violins(part) if violin else []
    told = ("place", "at", "left", "right", "min", "low", "median", "high", "max", "count")
    every = alt.Chart(alt.InlineData(theme.records(boxes, *told)))
    boxed = boxes[~boxes["place"].isin({one["place"] for one in shapes})]
    box = alt.Chart(alt.InlineData(theme.records(boxed, *told)))
    names = alt.Axis(
        values=list(range(len(order))),
        labelExpr=f"{json.dumps(order)}[datum.value]",
        labelAngle=0 if len(order) < 5 else -40,
        labelLimit=180,
        labelOverlap=False,
        grid=False,
    )
    ends = alt.Scale(domain=[-0.6, len(order) - 0.4], nice=False, zero=False)
    score = alt.Scale(zero=False, nice=True)
    left, metric = alt.X("left:Q", scale=ends, axis=names, title=axis or None), str(part["metric"].iloc[0])
    tips = [
        alt.Tooltip("place:N", title=axis or "method"),
        alt.Tooltip("median:Q", format=".2f"),
        alt.Tooltip("low:Q", title="lower quartile", format=".2f"),
        alt.Tooltip("high:Q", title="upper quartile", format=".2f"),
        alt.Tooltip("count:Q", title="runs"),
    ]
    at = alt.X("at:Q", scale=ends, axis=names, title=axis or None)
    layers = [
        box.mark_rule(color=theme.COLOURS[0], opacity=0.6).encode(
            x=at, y=alt.Y("min:Q", scale=score, title=metric), y2="max:Q"
        ),
        box.mark_rect(opacity=0.28, color=theme.COLOURS[0]).encode(
            x=left, x2="right:Q", y=alt.Y("low:Q", scale=score, title=metric), y2="high:Q", tooltip=tips
        ),
        every.mark_rule(strokeWidth=2.5, color=theme.COLOURS[0]).encode(
            x=left, x2="right:Q", y=alt.Y("median:Q", scale=score, title=metric), tooltip=tips
        ),
    ]
    if shapes:
        outline = alt.Chart(alt.InlineData(shapes)).mark_area(
            orient="horizontal", opacity=0.28, color=theme.COLOURS[0]
        )
        y = alt.Y("score:Q", scale=score, title=metric)
        layers.insert(0, outline.encode(x=left, x2="right:Q", y=y, detail="place:N"))
    if int(grouped.size().max()) <= POINTS:
        points = alt.Chart(alt.InlineData(theme.records(_spread_out(part), "side", "value", "seed", "job")))
        layers.append(
            points.mark_point(filled=True, size=42, opacity=0.85, color=theme.COLOURS[1]).encode(
                x=alt.X("side:Q", scale=ends, axis=names, title=axis or None),
                y=alt.Y("value:Q", scale=score, title=metric),
                tooltip=[alt.Tooltip("seed:Q"), alt.Tooltip("value:Q", format=".2f"), alt.Tooltip("job:N")],
            )
        )
    width = max(theme.WIDTH, 34 * len(order))
    return alt.layer(*layers).properties(width=width, height=theme.HEIGHT)


def violins(part: pd.DataFrame) -> list[dict[str, Any]]:
    """The outline of each place's density, as wide as a box at its widest.

    Args:
        part: ``place``, ``at`` (its number) and ``value``.

    Returns:
        ``place``, ``score``, ``left`` and ``right``, from the lowest score to the highest; none for places
        with fewer than ``VIOLIN_FROM`` different scores.
    """
    import numpy as np
    from scipy import stats

    found = []
    for (place, at), rows in part.groupby(["place", "at"], sort=False):
        values = rows["value"].to_numpy()
        if len(np.unique(values)) < VIOLIN_FROM:
            continue
        heights = np.linspace(values.min(), values.max(), STEPS)
        density = stats.gaussian_kde(values)(heights)
        widths = HALF * density / density.max()
        found += [
            {"place": str(place), "score": float(y), "left": float(at - w), "right": float(at + w)}
            for y, w in zip(heights, widths, strict=True)
        ]
    return found


def _spread_out(part: pd.DataFrame) -> pd.DataFrame:
    """Each run a little beside the next, by its seed: the same seed stands at the same side everywhere."""
    seeds = sorted(part["seed"].unique())
    step = {seed: HALF * (2 * at + 1 - len(seeds)) / len(seeds) for at, seed in enumerate(seeds)}
    return part.assign(side=part["at"] + part["seed"].map(step), job=part["job"].str[:12])


def _text(value: object) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _rank(value: object) -> tuple[bool, float, str]:
    """Numbers by size, then words."""
    number = isinstance(value, int | float)
    return not number, float(value) if isinstance(value, int | float) else 0.0, str(value)
