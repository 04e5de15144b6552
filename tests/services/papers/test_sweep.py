"""A figure of a paper over its conditions, from runs made by hand."""

from __future__ import annotations

import pytest

from ftbench.errors import NothingToReport
from ftbench.services.papers import sweep
from tests.render.specs import found, values
from tests.services.papers.suited import Suited, table


def test_figure_2_of_dps_has_its_methods_at_every_size_and_vanilla_beside_them() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", [60, 61])
    for kept, score in ((0.9, 62), (0.5, 64)):
        rows.add(f"dps_dense[keep_ratio={kept}]", "cola", [score, score + 1], "published")
        rows.add(f"mixout[p={1 - kept:g}]", "cola", [score - 1, score], "published")
    spec = sweep.drawn(table("dps/figure2", rows), transposed=False)
    boxes = {(b["place"], b["label"]): b["mean"] for b in values(spec, "median")}
    assert boxes["90 % kept", "DPS Dense"] == pytest.approx(62.5)
    assert boxes["50 % kept", "Mixout"] == pytest.approx(63.5)  # which freezes p = 0.5
    sizes = [f"{kept} % kept" for kept in (90, 80, 70, 60, 50)]
    assert [place for place, label in boxes if label == "vanilla fine-tuning"] == sizes
    assert ("70 % kept", "DPS Dense") not in boxes
    assert found(spec, "labelExpr")[0] == str(sizes).replace("'", '"') + "[datum.value]"


def test_printed_means_stand_beside_ours_and_columns_may_be_methods() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", [26, 27], train_size=500)
    spec = sweep.drawn(table("dps/table3", rows), transposed=True)
    (box,) = values(spec, "median")
    assert (box["place"], box["label"], box["mean"]) == (
        "500 rows",
        "vanilla fine-tuning",
        pytest.approx(26.5),
    )
    (theirs,) = [row for row in values(spec, "at", "value") if "median" not in row]
    assert (theirs["value"], theirs["at"]) == (26.01, box["at"])  # Table 3, CoLA at 0.5K


def test_without_runs_there_is_nothing_to_draw() -> None:
    with pytest.raises(NothingToReport, match="dps/figure2: no run has a score"):
        sweep.drawn(table("dps/figure2", Suited()), transposed=False)
