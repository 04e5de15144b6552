"""Curves of one job as SVG: drawn in a millisecond, so that they may grow while many look.

The plots of reports compare methods, and are drawn by ``render.plots``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from ftbench.domain.result import CurvePoint

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 28
_TICKS = 4
LINES = 8
"""Runs of a job that are told apart; more share their looks."""


@dataclass(frozen=True)
class CurvePanel:
    """What was logged under one name.

    Attributes:
        name: ``loss``, ``grad_norm``, …
        runs: each run's name and its points (step, value), in the order of the steps.
        svg: the drawing.
    """

    name: str
    runs: tuple[tuple[str, tuple[tuple[int, float], ...]], ...]
    svg: Markup

    @property
    def told(self) -> str:
        """The drawing in words, for those who do not see it."""
        ends = ((run, points[0], points[-1]) for run, points in self.runs)
        return "; ".join(
            f"{run}: {first[1]:.4g} at step {first[0]:,} to {last[1]:.4g} at step {last[0]:,}"
            for run, first, last in ends
        )


def curve_panels(points: Iterable[CurvePoint], total: int = 0) -> list[CurvePanel]:
    """A panel for each name, the loss first.

    Args:
        points: finite or not; the others are left out.
        total: steps that a run will have, where that is known: how far the axis goes.
    """
    found: dict[str, dict[str, dict[int, float]]] = {}
    for point in points:
        if math.isfinite(point.value):
            found.setdefault(point.name, {}).setdefault(point.run, {})[point.step] = point.value
    names = sorted(found, key=lambda name: (name != "loss", name))
    return [_panel(name, found[name], total) for name in names]


def _panel(name: str, runs: dict[str, dict[int, float]], total: int) -> CurvePanel:
    lines = tuple((run, tuple(sorted(points.items()))) for run, points in runs.items())
    return CurvePanel(name, lines, _drawn(name, lines, total))


def _drawn(name: str, lines: Sequence[tuple[str, Sequence[tuple[int, float]]]], total: int) -> Markup:
    values = [value for _, points in lines for _, value in points]
    last = max([total, 1, *(step for _, points in lines for step, _ in points)])
    low, high = _ends(min(values), max(values))

    def place(step: float, value: float) -> str:
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * step / last
        y = HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)
        return f"{x:.1f},{y:.1f}"

    parts = [*_axes(low, high, last)]
    for at, (_, points) in enumerate(lines):
        drawn = " ".join(place(step, value) for step, value in points)
        parts.append(f'<polyline class="line s{at % LINES}" points="{drawn}"/>')
        x, y = place(*points[-1]).split(",")
        parts.append(f'<circle class="dot s{at % LINES}" cx="{x}" cy="{y}" r="3"/>')
    label = escape(name.replace("_", " "))
    return Markup(
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label} against steps">'
        f"{''.join(parts)}</svg>"
    )


def _axes(low: float, high: float, last: int) -> Iterator[str]:
    for tick in _nice(low, high):
        y = HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (tick - low) / (high - low)
        yield f'<line class="rule" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
    for tick in _nice(0, last):
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * tick / last
        yield f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{tick:,.0f}</text>'


def _ends(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis: some room around, also around a single value."""
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _nice(low: float, high: float) -> list[float]:
    """A few round numbers between two."""
    rough = (high - low) / _TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough)
    first, end = math.ceil(low / step), math.floor(high / step)
    return [at * step for at in range(first, end + 1)]
