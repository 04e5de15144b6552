"""The plans of a database, listed."""

from __future__ import annotations

import pytest

from ftbench.domain.topup import TopupPlan
from ftbench.services.comparing.topup_plans import listed
from tests.services.stored import finish, job_of


def test_plans_are_listed_in_their_order_with_how_far_they_are(database):
    stand = [finish(database, job_of(method, "rte", 0), 0.6) for method in ("vanilla", "bidrop", "rdrop")]
    pairs = ((stand[1], stand[0]), (stand[2], stand[0]))
    first = TopupPlan("first", pairs, 0.05, 0.01, tuple(range(9)), (3, 6, 9), (("better", "open"),))
    second = TopupPlan("second", pairs[:1], 0.04, 0.0, tuple(range(8)), (4, 8), (("open",), ("worse",)))
    for plan in (first, second):
        database.topups.record(plan)
    sheet = listed(database)
    one, two = sheet.rows
    assert one == {
        "plan": "first",
        "comparisons": 2,
        "settled": 1,
        "taken": 1,
        "looks": 3,
        "sizes": "3, 6, 9",
        "level": pytest.approx(0.05 / 3),
        "margin": 0.01,
    }
    assert (two["plan"], two["settled"], two["taken"], two["level"]) == ("second", 1, 2, pytest.approx(0.02))
    assert two["margin"] is None and "takes the next look once its jobs have ended" in sheet.notes[0]


def test_without_plans_the_command_that_starts_one_is_named(database):
    sheet = listed(database)
    told = "No top-up is declared; start one with its methods, such as: ftbench topup bidrop"
    told += f" --db {database.address}"
    assert (sheet.rows, sheet.notes) == ((), (told,))
