"""The values that searches chose for a method."""

from __future__ import annotations

from ftbench.db import Database
from ftbench.services.tuning.recommended import recommended
from tests.services.tuning.ran import declare, end_all


def test_chosen_values_come_with_task_and_provenance(database: Database) -> None:
    declare(database, "vanilla,rdrop", "toy-accept", budget=3, settings=("epochs=3",))
    assert recommended(database, "rdrop") == []
    end_all(database, lambda job: job.recipe.lr / 10)
    (row,) = recommended(database, "rdrop")
    assert (row["task"], row["from"]) == ("toy-accept", "study tuning (0), draw 1 of 3")
    assert row["values"].startswith("lr=") and recommended(database, "bidrop") == []
