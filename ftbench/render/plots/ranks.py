"""Critical-difference diagram: average ranks over tasks, and which cannot be told apart (Demšar 2006)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ftbench.errors import FtbenchError
from ftbench.render.plots import theme
from ftbench.render.plots.looks import Looks

if TYPE_CHECKING:
    import pandas as pd

LEAST_TASKS = 3
STEP = 20  # pixels between the lines of two labels
BAR = 7  # pixels between the bars of two groups


def ranks(
    frame: pd.DataFrame,
    title: str,
    found: Mapping[str, float],
    looks: Looks,
    critical: float | None = None,
    how: Sequence[str] = (),
) -> theme.Plot:
    """Average ranks on a line, the best at the left; bars join those within the critical difference.

    Args:
        frame: see ``ftbench.render.tidy``; one table, clean runs.
        title: of the plot.
        found: method -> its average rank, ascending.
        looks: label -> its look.
        critical: the critical difference in ranks; None draws no bars.
        how: what the difference is, such as ``Nemenyi, 0.05``; then what else is to be said of it.

    Raises:
        FtbenchError: fewer than two methods have scores on every task, or there are too few tasks.
    """
    tasks = frame["task"].nunique()
    if tasks < LEAST_TASKS:
        many = f"{tasks} task{'' if tasks == 1 else 's'}"
        raise FtbenchError(f"ranks: the table has {many}, and average ranks need {LEAST_TASKS} or more")
    if len(found) < 2:
        raise FtbenchError("ranks: fewer than two methods have scores on every task of the table")
    left_out = [label for label in dict.fromkeys(frame["label"]) if label not in found]
    told = f"Average rank over {tasks} tasks of the means over seeds; 1 is best."
    if critical is not None:
        named = "".join(f" ({kind})" for kind in how[:1])
        told += f" Bars join methods within the critical difference, {critical:.2f} ranks{named}."
        told += "".join(f" {line}" for line in how[1:])
    if left_out:
        told += f" Without a score on every task: {', '.join(left_out)}."
    return theme.Plot(_diagram(found, theme.some(looks, found), critical), title, told, rigid=True)


def joined_groups(ascending: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """The longest runs of ranks within the critical difference: first and last place, two or more."""
    spans: list[tuple[int, int]] = []
    for first, rank in enumerate(ascending):
        last = max(at for at, other in enumerate(ascending) if other - rank <= critical)
        if last > first and not (spans and spans[-1][1] >= last):
            spans.append((first, last))
    return spans


def _diagram(found: Mapping[str, float], looks: Looks, critical: float | None) -> theme.Spec:
    """The axis above, the labels below at both sides, the bars between."""
    names, values = list(found), list(found.values())
    spans = [] if critical is None else joined_groups(values, critical)
    number, half = len(names), (len(names) + 1) // 2
    top = 14 + BAR * len(spans)
    lines = []
    for at, (name, value) in enumerate(found.items()):
        left = at < half
        depth = top + STEP * (at if left else number - 1 - at)
        edge = 0.6 if left else number + 0.4
        lines.append(
            {
                "label": name,
                "name": f"{theme.in_brief(name)}  {value:.2f}",
                **{"rank": value, "y": depth, "axis": 0, "edge": edge, "left": left},
            }
        )
    bars = [
        {"from": values[a] - 0.04, "to": values[b] + 0.04, "y": 10 + BAR * at}
        for at, (a, b) in enumerate(spans)
    ]
    height = top + STEP * half
    scale = {"domain": [0.6, number + 0.4], "nice": False}
    ticks = {"orient": "top", "values": list(range(1, number + 1)), "format": "d"}
    axis = {**ticks, "grid": False, "ticks": True, "domain": True}
    x = theme.field("rank:Q", scale=scale, axis=axis, title="average rank")
    deep = {"scale": {"domain": [0, height], "reverse": True, "nice": False}, "axis": None}
    y = theme.field("y:Q", **deep)
    text = {"x": theme.field("edge:Q", scale=scale), "y": y, "text": theme.field("name:N")}
    down = {"x": x, "y": theme.field("axis:Q", **deep), "y2": theme.end("y")}
    layers = [
        theme.layer(lines, "rule", down, color=theme.GREY),
        theme.layer(lines, "rule", {"x": x, "x2": theme.end("edge"), "y": y}, color=theme.GREY),
        theme.layer([one for one in lines if one["left"]], "text", text, align="right", dx=-9, fontSize=12),
        theme.layer([one for one in lines if not one["left"]], "text", text, align="left", dx=9, fontSize=12),
    ]
    layers.append(theme.method_marks(lines, {"x": text["x"], "y": y}, looks))
    if bars:
        joined = {"x": theme.field("from:Q", scale=scale), "x2": theme.end("to"), "y": y}
        look = {"strokeWidth": 4, "strokeCap": "round", "color": "#474747"}
        layers.append(theme.layer(bars, "rule", joined, **look))
    return theme.layered_plot(layers, 2 * theme.WIDTH, height)
