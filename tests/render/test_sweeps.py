"""Several methods side by side at each place, against boxes worked out by hand."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from ftbench.render import plots
from ftbench.render.plots import sweeps, theme
from tests.render.specs import looks_for, values


def runs(
    methods: int = 3, places: tuple[str, ...] = ("0.9", "0.5"), seeds: int = 5, tasks: int = 2
) -> pd.DataFrame:
    """Scores of 70 + method + task, and 0.1 more for each seed."""
    every = itertools.product(range(tasks), places, range(methods), range(seeds))
    return pd.DataFrame(
        [
            {
                "task": f"task {t}",
                "metric": "accuracy",
                "place": place,
                "label": f"method {m}",
                "value": (70 + m + t + 0.1 * s) / 100,
            }
            for t, place, m, s in every
        ]
    )


def drawn(frame: pd.DataFrame, printed: pd.DataFrame | None = None) -> theme.Plot:
    looks = looks_for(frame)
    return sweeps.sweep_of_several(frame, ["0.9", "0.5"], "keep_ratio", "Title", "Told.", looks, printed)


def test_each_method_has_a_box_at_each_place_and_none_covers_another() -> None:
    boxes = values(drawn(runs()), "median")
    assert len(boxes) == 2 * 2 * 3
    first = next(b for b in boxes if (b["place"], b["label"]) == ("0.9", "method 0"))
    told = [round(first[k], 6) for k in ("min", "low", "median", "high", "max", "mean", "count")]
    assert told == [70.0, 70.1, 70.2, 70.3, 70.4, 70.2, 5]
    panel = sorted({(b["left"], b["right"]) for b in boxes})
    assert all(right < left for (_, right), (left, _) in itertools.pairwise(panel))
    assert panel[0][0] > -0.5 and panel[-1][1] < 1.5  # each place keeps to itself
    assert {b["place"] for b in boxes if b["at"] > 0.5} == {"0.5"}


def test_printed_means_stand_hollow_where_their_method_does() -> None:
    printed = pd.DataFrame([{"task": "task 1", "place": "0.5", "label": "method 2", "value": 72.5}])
    spec = drawn(runs(), printed)
    (theirs,) = [row for row in values(spec, "at", "value") if "median" not in row]
    (ours,) = {b["at"] for b in values(spec, "median") if (b["place"], b["label"]) == ("0.5", "method 2")}
    assert (theirs["value"], theirs["at"]) == (72.5, ours)
    hollow = [
        layer
        for panel in spec.chart["concat"]
        for layer in panel["layer"]
        if layer["mark"]["type"] == "point"
    ]
    assert sum("fill" not in layer["encoding"] for layer in hollow) == 1
    assert "Hollow" in spec.told and "Hollow" not in drawn(runs()).told


@pytest.mark.parametrize("frame", [runs(), runs(methods=9, seeds=1), runs(places=("0.9",))])
def test_it_is_drawn(frame: pd.DataFrame, tmp_path) -> None:
    plots.write([drawn(frame)], tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert text.startswith("<svg") and "keep_ratio" in text and "method 0" in text and "NaN" not in text
