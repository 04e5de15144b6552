"""What a run draws, and what is counted of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ftbench.run.data import Batch
from ftbench.run.feed import Feed


def numbered(number: int) -> Batch:
    return Batch(torch.zeros(1, 1), torch.zeros(1), (number,), 1)


class Counting:
    """Batches whose rows are their numbers; three to a pass."""

    def batch(self, number: int) -> Batch:
        return numbered(number)

    def epoch(self, number: int, by_length: bool = False) -> Iterator[Batch]:
        return iter([numbered(100 * number + i + (50 if by_length else 0)) for i in range(3)])


def rows(batches: Iterator[Batch]) -> list[int]:
    return [batch.rows[0] for batch in batches]


def test_splits_are_counted_for_themselves() -> None:
    feed = Feed({"train": Counting(), "held_out": Counting()})
    assert [feed.next_batch(s).rows[0] for s in ("train", "train", "held_out", "train")] == [0, 1, 0, 2]
    assert feed.drawn == {"train": 3, "held_out": 1} and not feed.epochs_drawn


def test_a_feed_goes_on_where_its_counts_say() -> None:
    feed = Feed({"train": Counting()})
    feed.drawn, feed.epochs_drawn = {"train": 7}, {"train": 2}
    assert feed.next_batch("train").rows == (7,)
    assert rows(feed.epoch("train", False)) == [200, 201, 202]


def test_each_pass_has_an_order_of_its_own_and_counts_from_its_beginning() -> None:
    feed = Feed({"train": Counting()})
    first, second = feed.epoch("train", False), feed.epoch("train", True)
    assert feed.epochs_drawn == {"train": 2}
    assert (rows(first), rows(second)) == ([0, 1, 2], [150, 151, 152])
    assert feed.drawn == {}


def test_a_listener_hears_of_each_batch_of_a_pass_and_may_break_it_off() -> None:
    feed, heard = Feed({"train": Counting()}), []

    def tick() -> None:
        heard.append(None)
        if len(heard) == 2:
            raise KeyboardInterrupt

    feed.tick = tick
    with pytest.raises(KeyboardInterrupt):
        rows(feed.epoch("train", False))
    assert len(heard) == 2


def test_rows_that_are_not_held_out_are_named() -> None:
    feed = Feed({"train": Counting()})
    for draw in (lambda: feed.next_batch("held_out"), lambda: feed.epoch("held_out", False)):
        with pytest.raises(ValueError, match="no 'held_out' rows: set held_out_fraction"):
            draw()
