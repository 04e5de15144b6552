"""Whether the methods of a table stand in the order that the paper prints."""

from __future__ import annotations

from typing import Any

from tests.services.papers.suited import Suited, around, table, topped_up


def orders(name: str, rows: Suited, **given: Any) -> list[str]:
    return [note for note in table(name, rows, **given).notes if note.startswith("Order")]


def scored(**means: float) -> Suited:
    """Two seeds more than a test needs, each method with a spread of its own."""
    rows = Suited("adamw_torch")
    for at, (method, mean) in enumerate(means.items()):
        scores = [s + at * 0.01 * i for i, s in enumerate(around(mean, 0.1, 4))]
        for change in ({}, {"noise": 0.1}, {"reduction": 0.6}):
            rows.add(method, "sst2", scores, also={"accuracy_label1": mean / 100 + 0.001 * at}, **change)
    return rows


def test_pairs_in_the_printed_order_are_counted_and_those_told_apart() -> None:
    # Printed averages with 10 % noise: vanilla 72.55, Child-Tuning_D 73.72, R-Drop 74.53, Bi-Drop 74.91.
    rows = scored(vanilla=70, child_tuning_d=75, rdrop=76, bidrop=72)
    found = orders("bidrop/table5", rows, tasks="sst2", noise="0.1", reduction="0.6", seeds="4")
    assert found[0] == (
        "Order, noise 10 %: 4 of 6 pairs of methods stand as printed, 4 told apart; "
        "2 the other way round, 2 told apart."
    )
    close = scored(vanilla=70, child_tuning_d=70.001, rdrop=70.002, bidrop=69.999)
    assert "0 told apart; " in orders("bidrop/table5", close, tasks="sst2", noise="0.1", seeds="4")[0]


def test_methods_without_runs_or_printed_numbers_are_left_out() -> None:
    rows = scored(vanilla=70, bidrop=72)
    (noise, reduced) = orders("bidrop/table5", rows, tasks="sst2", noise="0.1", reduction="0.6", seeds="4")
    assert "1 of 1 pairs" in noise and "reduced by 60 %" in reduced
    assert orders("bidrop/table5", Suited(), tasks="sst2", noise="0.1") == []
    assert orders("bidrop/table5", rows, tasks="sst2", noise="0.2", reduction="0.1", seeds="4") == []


def test_pairs_of_topped_up_runs_are_told_apart_at_the_level_of_their_plan() -> None:
    rows = scored(vanilla=70, bidrop=70.01)
    given = {"tasks": "sst2", "noise": "0.1", "seeds": "4"}
    assert "1 of 1 pairs of methods stand as printed, 1 told" in orders("bidrop/table5", rows, **given)[0]
    found = orders("bidrop/table5", rows, topped=topped_up(rows, 20), **given)
    assert "1 of 1 pairs of methods stand as printed, 0 told" in found[0]
