"""The legend below a plot: each method's line and mark as the plot has them, in columns as there is room."""

from __future__ import annotations

from ftbench.render.plots import theme
from ftbench.render.plots.looks import Looks

LINE = 18  # pixels from one row to the next
LINED, MARK = 26, 14  # for a line with its mark, and for a mark
ROOM = 10  # between two columns
LETTER = 6.3  # what one of 12 pixels takes on average


def legend_below(looks: Looks, wide: float, lines: bool) -> theme.Spec:
    """The methods in rows, from left to right.

    Args:
        looks: of the methods, in their order.
        wide: pixels that it may take.
        lines: whether the plot has lines of the methods.
    """
    shown = {label: theme.in_brief(label) for label in looks}
    mark = LINED if lines else MARK
    taken = mark + ROOM + LETTER * max(map(len, shown.values()))
    columns = max(1, min(len(looks), int((wide + ROOM) // taken)))
    rows = [
        {
            "label": label,
            "shown": shown[label],
            "y": LINE * (at // columns) + LINE / 2,
            "from": taken * (at % columns),
            "mark": taken * (at % columns) + mark / 2 - 2,
            "to": taken * (at % columns) + mark - 4,
            "text": taken * (at % columns) + mark + 2,
        }
        for at, label in enumerate(looks)
    ]
    high = LINE * -(-len(looks) // columns)
    whole = {"nice": False, "zero": False}
    y = theme.field("y:Q", axis=None, scale={"domain": [0, high], "reverse": True, **whole})

    def x(name: str) -> theme.Spec:
        return theme.field(f"{name}:Q", axis=None, scale={"domain": [0, wide], **whole})

    line = {"x": x("from"), "x2": theme.end("to"), "y": y}
    line |= {"color": theme.colour(looks), "strokeDash": theme.dash(looks)}
    text = {"x": x("text"), "y": y, "text": theme.field("shown:N")}
    layers = [
        *([theme.layer(rows, "rule", line, strokeWidth=2)] if lines else []),
        theme.method_marks(rows, {"x": x("mark"), "y": y}, looks),
        theme.layer(rows, "text", text, align="left", baseline="middle", fontSize=12),
    ]
    return theme.layered_plot(layers, wide, high)
