"""The figure of what a budget buys."""

from __future__ import annotations

import json

from ftbench.cli._requests import selection
from ftbench.db import Database
from ftbench.render.plots.assembly import assembled
from ftbench.services.tuning.plot import draw_budget
from tests.services.tuning.ran import declare, end_all


def test_each_method_has_a_line_with_a_band_in_the_panel_of_each_task(database: Database) -> None:
    declare(database, "vanilla,rdrop", "toy-accept,toy-sim", budget=3, studies=2)
    end_all(database, lambda job: job.recipe.lr)
    text = json.dumps(assembled(draw_budget(database, selection(None, None))))
    assert "What a budget buys: tiny" in text and "study tuning" in text
    assert text.count('"type": "area"') == 2 and "Vanilla" in text and "R-Drop" in text
