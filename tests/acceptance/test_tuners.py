"""A tuner of peft, and what it leaves of the pretrained model, by the real command line."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Place

GRID = ["--methods", "peft:dora[r=2|4],peft:vblora", "--tasks", "toy-accept", "--models", "tiny"]
FEW = ["--seeds", "1", "--train-size", "32", "--set", "steps=3"]


@pytest.mark.slow
def test_from_the_queue_to_the_table_of_retention(place: Place) -> None:
    place.ftbench("queue", *GRID, *FEW, "--retention")
    assert place.rows("select state, count(*) from jobs group by state") == [("queued", 3)]
    listed = place.ftbench("queue", *GRID, *FEW, "--retention")
    assert "nothing new: all 3 jobs" in listed
    place.ftbench("worker", "--drain", "--threads", "1")
    table = place.ftbench("report", "--table", "retention")
    for said in ("Vanilla", "DoRA (peft) (r=2)", "DoRA (peft) (r=4)", "moved %", "LM loss"):
        assert said in table
    found = dict(place.rows("select metric, value from scores where evaluation = 'retention'"))
    assert set(found) == {"moved", "moved_embeddings", "moved_layer_01", "moved_layer_02", "moved_layer_03"}
    assert found["moved"] > 0
    main = place.ftbench("report")
    assert "moved" not in main and "DoRA (peft) (r=2)" in main
    assert "is whole" in place.ftbench("db", "check")
    refused = place.ftbench("queue", "--methods", "peft:vblora", "--no-baseline", *GRID[2:], code=2)
    assert "must be divisible by `vector_length` 256" in refused
