"""Spread over seeds: strips or violins by method (Bi-Drop's Figure 4), boxes by value (DPS's Figure 2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ftbench.errors import BadValue, UnknownName
from ftbench.render.plots import theme
from ftbench.render.plots.looks import Looks, of_names
from ftbench.render.tidy import UNIT

if TYPE_CHECKING:
    import pandas as pd

BOX = "Box: the middle half of the runs, with whiskers to the lowest and the highest; line: the median."
HALF = 0.3  # a box's width to each side
POINTS = 60  # scores of one method on one task; more are shown as a box alone
VIOLIN_FROM = 5  # runs; the shape of fewer is a guess
#: What is said of runs over a method, beside their number: what it means, and how it is written.
COUNTS = {
    "lost": "lost: runs that ended without one",
    "waiting": "…: runs that are still to come",
    "lacking": "lacks: runs that others have, and nobody queued",
    "collapsed": "c: of the n, collapsed",
    "diverged": "d: of the n, diverged, which score chance",
}
SHORT = {"lost": "lost ", "waiting": "… ", "lacking": "lacks ", "collapsed": "c=", "diverged": "d="}
LINE = 12  # what a line over a method takes
STEPS = 64  # heights at which a violin's width is computed


def strip(
    frame: pd.DataFrame,
    title: str,
    looks: Looks,
    *,
    violin: bool = False,
    counts: Sequence[Mapping[str, Any]] = (),
    unit: str = UNIT,
) -> theme.Plot:
    """Every score of every method, a panel for each task; quartiles, median, and runs of one seed joined.

    Args:
        frame: see ``ftbench.render.tidy``; one table, clean runs.
        title: of the plot.
        looks: label -> its look.
        violin: with the density of the runs as a shape, instead of a box.
        counts: the runs of each method on each task, see ``tidy.run_counts``; () for none to say.
        unit: of the scores, for the caption, see ``tidy.unit_of``.
    """
    labels = list(dict.fromkeys([*(row["label"] for row in counts), *frame["label"]]))
    shape = BOX
    if violin:
        shape = (
            "Shape: their density, from the lowest to the highest (Gaussian kernel, Scott's width), a box "
            f"where fewer than {VIOLIN_FROM} runs differ; line: the median."
        )
    told = f"Each point is a run; thin lines join the runs of one seed. {shape} Scores {unit}."
    same = _same(counts)
    if same:
        told += f" n={same} everywhere."
    elif counts:
        said = [text for word, text in COUNTS.items() if any(row[word] for row in counts)]
        told += "; ".join([" n: runs with a score", *said]) + "."
    placed, looks = frame.assign(place=frame["label"]), theme.some(looks, labels)
    return theme.Plot(_panels(placed, looks, "", violin, () if same else counts, joined=True), title, told)


def _same(counts: Sequence[Mapping[str, Any]]) -> int:
    """The runs that every method has on every task, where nothing else is to be said of any; 0 otherwise."""
    every = {(int(row["n"]), *(int(row[word]) for word in COUNTS)) for row in counts}
    n, *others = every.pop() if len(every) == 1 else (0,)
    return 0 if any(others) else n


def sweep(frame: pd.DataFrame, title: str, over: str | None = None, unit: str = UNIT) -> theme.Plot:
    """Scores against the values of a hyper-parameter, a panel for each task.

    Args:
        frame: see ``ftbench.render.tidy``; the rows of one method.
        title: of the plot.
        over: the hyper-parameter; None for the only one that differs between the rows.
        unit: of the scores, for the caption.

    Raises:
        BadValue: no hyper-parameter differs, or several do and none was chosen.
        UnknownName: there is no such hyper-parameter.
    """
    known = {text: json.loads(text) for text in frame["hparams"].unique()}
    settings = list(known.values())
    names = {name for one in settings for name in one}
    differing = sorted(name for name in names if len({json.dumps(one.get(name)) for one in settings}) > 1)
    if over is not None and over not in names:
        raise UnknownName("hyper-parameter", over, names)
    if over is None and len(differing) != 1:
        told = f"choose one with --over: {', '.join(differing)}" if differing else "queue a grid first"
        raise BadValue(f"sweep: {len(differing)} hyper-parameters differ between the rows; {told}")
    chosen = over or differing[0]
    values = {text: s.get(chosen) for text, s in known.items()}
    order = [value_text(value) for value in sorted(dict.fromkeys(values.values()), key=value_rank)]
    placed = frame.assign(
        place=frame["hparams"].map({text: value_text(value) for text, value in values.items()})
    )
    (look,) = of_names(frame["method"]).values()
    told = f"Scores {unit} of the runs at each value of {chosen}. {BOX}"
    return theme.Plot(_panels(placed, dict.fromkeys(order, look), chosen), title, told)


def _panels(
    frame: pd.DataFrame,
    looks: Looks,
    axis: str,
    violin: bool = False,
    counts: Sequence[Mapping[str, Any]] = (),
    joined: bool = False,
) -> theme.Spec:
    """Boxes or violins, and points, by ``place``, a panel for each task."""
    order = list(looks)
    frame = frame.assign(value=100 * frame["value"])
    groups = frame.groupby("task", sort=False)
    above = {task: _counted(counts, order, task) for task, _ in groups}
    lines = max((row["runs"].count("\n") + 1 for rows in above.values() for row in rows), default=0)
    panels = []
    for task, part in groups:
        panel = _panel(part, looks, axis, violin, task, joined)
        if lines:
            place = {"x": _places(order, axis)("at:Q"), "y": {"value": -LINE * lines - 4}}
            text = {**place, "text": theme.field("runs:N")}
            small = {"fontSize": 10, "color": "#666", "baseline": "top", "lineBreak": "\n"}
            panel["layer"].append(theme.layer(above[task], "text", text, lineHeight=LINE, **small))
        panels.append(panel)
    return theme.side_by_side(panels)


def _places(order: list[str], axis: str) -> Callable[[str], theme.Spec]:
    return theme.named_places(order, axis, upright=5)


def _counted(counts: Sequence[Mapping[str, Any]], order: list[str], task: object) -> list[dict[str, Any]]:
    """What stands over each method: its number of runs, and how many of them failed or are lost."""
    return [
        {
            "at": order.index(row["label"]),
            "runs": "\n".join(
                [f"n={row['n']}", *(f"{SHORT[word]}{row[word]}" for word in COUNTS if row[word])]
            ),
        }
        for row in counts
        if row["task"] == task
    ]


def _panel(
    part: pd.DataFrame,
    looks: Looks,
    axis: str,
    violin: bool,
    task: object,
    joined: bool,
) -> theme.Spec:
    """Boxes at whole numbers, the points of each a little beside one another; the axis names the places."""
    order = list(looks)
    part = part.assign(at=part["place"].map({place: at for at, place in enumerate(order)}))
    boxes = _boxes(part)
    shapes = violins(part) if violin else []
    outlined = {one["place"] for one in shapes}
    every = theme.records(boxes, *boxes.columns)
    boxed = [row for row in every if row["place"] not in outlined] if outlined else every
    x = _places(order, axis)
    metric = str(part["metric"].iloc[0])

    def y(name: str) -> theme.Spec:
        return theme.field(name, scale={"zero": False, "nice": True}, title=metric)

    tips = [
        theme.field("place:N", title=axis or "method"),
        theme.field("median:Q", format=".2f"),
        theme.field("low:Q", title="lower quartile", format=".2f"),
        theme.field("high:Q", title="upper quartile", format=".2f"),
        theme.field("count:Q", title="runs"),
    ]
    colour = {"color": theme.colour(looks, "place")}
    across = {"x": x("left:Q"), "x2": theme.end("right"), **colour}
    whisker = {"x": x("at:Q"), "y": y("min:Q"), "y2": theme.end("max"), **colour}
    box = {**across, "y": y("low:Q"), "y2": theme.end("high"), "tooltip": tips}
    median = {**across, "y": y("median:Q"), "tooltip": tips}
    layers = [
        theme.layer(boxed, "rule", whisker, opacity=0.6),
        theme.layer(boxed, "rect", box, opacity=0.28),
        theme.layer(every, "rule", median, strokeWidth=2.5),
    ]
    if shapes:
        outline = {**across, "y": y("score:Q"), "detail": theme.field("place:N")}
        area = theme.layer(shapes, "area", outline, orient="horizontal", opacity=0.28)
        layers.insert(0, area)
    if int(boxes["count"].max()) <= POINTS:
        beside = _spread_out(part)
        rows = theme.records(beside, "place", "side", "value", "seed", "job")
        if joined and len(boxes) > 1:
            layers.insert(0, _joined(beside, len(order), x("side:Q"), y("value:Q")))
        run = [theme.field("seed:Q"), theme.field("value:Q", format=".2f"), theme.field("job:N")]
        point = {"x": x("side:Q"), "y": y("value:Q"), "tooltip": run}
        layers.append(theme.method_marks(rows, point, looks, "place", 34, opacity=0.85))
    return theme.layered_plot(layers, max(theme.WIDTH, 34 * len(order)), theme.HEIGHT, task)


def _joined(beside: pd.DataFrame, places: int, x: theme.Spec, y: theme.Spec) -> theme.Spec:
    """Thin lines between the runs of one seed, which end where the next method lacks it."""
    plain = theme.records(beside, "seed", "at", "side", "value")
    values = {(row["seed"], row["at"]): row["value"] for row in plain}
    shifts = {row["seed"]: row["side"] - row["at"] for row in plain}
    rows = [
        {"seed": seed, "side": at + shift, "value": values.get((seed, at))}
        for seed, shift in shifts.items()
        for at in range(places)
    ]
    ends = {"x": x, "y": y, "detail": theme.field("seed:N")}
    return theme.layer(rows, "line", ends, strokeWidth=0.7, color=theme.GREY, opacity=0.4)


def _boxes(part: pd.DataFrame) -> pd.DataFrame:
    """Quartiles, ends and number of the runs of each place; pandas' own take ten times as long."""
    import numpy as np
    import pandas as pd

    rows = []
    for place, found in part.groupby("place", sort=False):
        at, values = int(found["at"].iloc[0]), found["value"]
        low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
        ends = {"left": at - HALF, "right": at + HALF, "min": values.min()}
        box = {"low": low, "median": median, "high": high, "max": values.max(), "count": len(values)}
        rows.append({"place": place, "at": at, **ends, **box})
    return pd.DataFrame(rows)


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


def value_text(value: object) -> str:
    """A value of a hyper-parameter as an axis names it."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def value_rank(value: object) -> tuple[bool, float, str]:
    """What values of a hyper-parameter are ordered by: numbers by size, then words."""
    number = isinstance(value, int | float)
    return not number, float(value) if isinstance(value, int | float) else 0.0, str(value)
