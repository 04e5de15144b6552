"""Curves as SVG."""

from __future__ import annotations

import re

from ftbench.domain.result import CurvePoint
from ftbench.web.curves import HEIGHT, WIDTH, curve_panels


def test_each_name_has_a_panel_and_each_run_a_line() -> None:
    points = [
        CurvePoint(run, step, name, step * 1.5)
        for run in ("a", "b")
        for step in (1, 2, 9)
        for name in ("x", "loss")
    ]
    panels = curve_panels(points)
    assert [panel.name for panel in panels] == ["loss", "x"]
    assert panels[0].svg.count("<polyline") == 2 and panels[0].told.startswith(
        "a: 1.5 at step 1 to 13.5 at step 9"
    )


def test_all_points_lie_inside() -> None:
    for values in ([5.0], [0.0], [-1e-9, 1e9], [1e300, -1e300], [3.0, 3.0]):
        (panel,) = curve_panels(
            [CurvePoint("main", at, "loss", value) for at, value in enumerate(values, 1)], 100
        )
        places = re.findall(r"(-?[\d.]+),(-?[\d.]+)", re.search(r'points="([^"]*)"', panel.svg)[1])  # type: ignore[index]
        assert len(places) == len(values)
        assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in places)


def test_what_is_no_number_is_left_out_and_names_are_escaped() -> None:
    points = [
        CurvePoint("main", 1, "<b>", 1.0),
        CurvePoint("main", 2, "<b>", float("nan")),
        CurvePoint("main", 3, "c", float("inf")),
    ]
    (panel,) = curve_panels(points)
    assert "&lt;b&gt;" in panel.svg and "<b>" not in panel.svg and "nan" not in panel.svg
