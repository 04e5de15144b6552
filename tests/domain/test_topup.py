"""Top-up plans: their looks, and what a table says of them."""

from __future__ import annotations

import pytest

from ftbench.domain.topup import TopupPlan


def plan(*outcomes: tuple[str, ...]) -> TopupPlan:
    return TopupPlan("p", (), 0.05, 0.0, (5, 3, 8, 1), (2, 4), outcomes)


def test_each_look_takes_more_of_the_seeds_in_their_order() -> None:
    assert (plan().seeds_at(1), plan().seeds_at(2)) == ((5, 3), (5, 3, 8, 1))
    assert plan().level == pytest.approx(0.025)


def test_a_table_says_which_look_it_shows_and_at_which_level_it_marks() -> None:
    said = "Seeds were topped up: look {} of 2, marks at 2.5 %."
    assert [p.said() for p in (plan(), plan(("open",)), plan(("open",), ("ahead",)))] == [
        said.format(1),
        said.format(1),
        said.format(2),
    ]
