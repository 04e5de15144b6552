"""The sheet of seeds and examples together."""

from __future__ import annotations

import numpy as np
import pytest

from ftbench.services.comparing.by_task import compare
from tests.services.comparing.answers import stored
from tests.services.comparing.runs import request


def test_seeds_and_examples_together_are_wider_than_either_and_say_what_no_seed_removes(database):
    rng = np.random.default_rng(5)

    def answers(labels):
        hard = rng.random(len(labels)) < 0.3  # the same rows are hard for every seed
        return {
            (method, seed): np.where(
                rng.random(len(labels)) < np.where(hard, wrong, 0.02), 1 - labels, labels
            )
            for method, wrong in (("vanilla", 0.6), ("bidrop", 0.4))
            for seed in range(4)
        }

    labels = stored(database, "toy-entail", answers)
    found = compare(database, request("bidrop", "vanilla", examples=True))
    (row,) = next(sheet for sheet in found if sheet.name == "seeds_and_examples").rows
    (over_seeds,) = next(sheet for sheet in found if sheet.name == "tasks").rows
    assert (row["n"], row["examples"]) == (4, len(labels))
    assert row["low"] < row["difference"] < row["high"]
    assert 0 < row["floor"] < (row["high"] - row["low"]) / 2
    assert row["difference"] == pytest.approx(over_seeds["difference"], abs=1e-9)


def test_one_seed_has_no_such_interval_and_a_line_says_so(database):
    stored(database, "toy-entail", lambda labels: {("vanilla", 0): labels, ("bidrop", 0): 1 - labels})
    found = compare(database, request("bidrop", "vanilla", examples=True))
    sheet = next(sheet for sheet in found if sheet.name == "seeds_and_examples")
    assert sheet.rows[0]["no_interval"] == "too few seeds: needs 2, has 1"
    assert any(note.endswith(": too few seeds: needs 2, has 1.") for note in sheet.notes)
