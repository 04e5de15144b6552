"""Evaluation rows that are drawn from a file: the same whoever draws them."""

from __future__ import annotations

import random

from ftbench.tasks.own.draw import drawn_rows
from ftbench.tasks.own.labels import Labels
from ftbench.tasks.rows import Rows

CLASSES = Labels("classification", ("a", "b", "c"))


def classed(count: int) -> Rows:
    return Rows(
        ([f"row {n}" for n in range(count)],), [0 if n % 10 else 1 + n % 20 // 10 for n in range(count)]
    )


def test_each_class_gives_its_share() -> None:
    rows = classed(400)
    chosen = drawn_rows(rows, CLASSES, 0.2)
    by_class = [[chosen[n] for n in range(400) if rows.labels[n] == label] for label in range(3)]
    assert [(len(one), sum(one)) for one in by_class] == [(360, 72), (20, 4), (20, 4)]


def test_neither_the_order_nor_other_rows_matter_to_a_row_s_rank() -> None:
    rows = classed(200)
    order = list(range(200))
    random.Random(3).shuffle(order)
    mixed = Rows(([rows.texts[0][n] for n in order],), [int(str(rows.labels[n])) for n in order])
    first, second = drawn_rows(rows, CLASSES, 0.2), drawn_rows(mixed, CLASSES, 0.2)
    assert {rows.texts[0][n] for n in range(200) if first[n]} == {
        mixed.texts[0][n] for n in range(200) if second[n]
    }
    assert [n for n in range(200) if first[n]][:3] == [5, 11, 12], "what is drawn may never change"


def test_equal_rows_stay_together() -> None:
    rows = Rows((["twice"] * 30 + [f"row {n}" for n in range(70)],), [0] * 100)
    chosen = drawn_rows(rows, CLASSES, 0.2)
    assert len(set(chosen[:30])) == 1
    assert any(chosen) and not all(chosen)


def test_numbers_give_a_share_of_every_tenth() -> None:
    rows = Rows(([f"row {n}" for n in range(100)],), [n / 10 for n in range(100)])
    chosen = drawn_rows(rows, Labels("regression", ()), 0.2)
    assert [sum(chosen[at : at + 10]) for at in range(0, 100, 10)] == [2] * 10
