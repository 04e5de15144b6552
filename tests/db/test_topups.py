"""Plans of top-ups, and those that are none."""

from __future__ import annotations

import pytest

from ftbench.db import Database
from ftbench.domain.topup import TopupPlan
from tests.db.samples import execute, let_in

GOOD = TopupPlan("good", (("a", "b"),), 0.05, 0.0, (0, 1, 2), (2, 3), (("open",),))


@pytest.mark.parametrize(
    "change",
    [
        *(
            "pairs = '[]'",
            "pairs = '[[1, 2]]'",
            "pairs = '[\"a\"]'",
            "alpha = 7",
            "alpha = 'x'",
            "margin = -1",
        ),
        *("seeds = '[0, 0, 1]'", "seeds = 'x'", "sizes = '[]'", "sizes = '[3, 2]'", "sizes = '[2, 9]'"),
    ],
)
def test_a_plan_that_is_none_is_set_aside_and_the_others_stay(database: Database, change: str) -> None:
    database.topups.record(GOOD)
    database.topups.record(TopupPlan("bad", *list(vars(GOOD).values())[1:]))
    if not let_in(database, f"UPDATE topups SET {change} WHERE name = 'bad'"):
        return
    assert database.topups.list() == [GOOD]
    assert list(database.aside) == ["the top-up 'bad'"]


@pytest.mark.parametrize("change", ["look = 7", "outcomes = '[]'", "outcomes = '[1]'", "outcomes = '{'"])
def test_a_plan_whose_looks_are_none_is_set_aside(database: Database, change: str) -> None:
    database.topups.record(GOOD)
    execute(database, f"UPDATE topup_looks SET {change}")
    assert database.topups.list() == [] and list(database.aside) == ["the top-up 'good'"]
