"""Batches: what is gathered, how it is split, and in which order."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.run.batches import Batches
from ftbench.run.data import Batch, Tokenised, by_length

CPU = torch.device("cpu")
IDS = [[5, 6, 7], [8], [9, 10, 11, 12], [13, 14]]
TYPES = [[0, 0, 1], [0], [0, 1, 1, 1], [0, 0]]
ROWS = [3, 10, 4, 20]


def tokenised(side: str = "right", pad: int = 1, **more: Any) -> Tokenised:
    return Tokenised({"input_ids": IDS, **more}, ROWS, pad, side, CPU)


def gathered(side: str = "right", rows: tuple[int, ...] = (10, 4)) -> Batch:
    return tokenised(side, token_type_ids=TYPES).gather(rows, torch.zeros(len(rows)))


# -- gathering --------------------------------------------------------------------------------------------


def test_rows_are_padded_on_the_right_to_the_longest_of_them() -> None:
    batch = gathered()
    assert batch.inputs["input_ids"].tolist() == [[8, 1, 1, 1], [9, 10, 11, 12]]
    assert batch.inputs["attention_mask"].tolist() == [[1, 0, 0, 0], [1, 1, 1, 1]]
    assert batch.inputs["token_type_ids"].tolist() == [[0, 0, 0, 0], [0, 1, 1, 1]]
    assert batch.rows == (10, 4) and batch.lengths == (1, 4) and batch.full_rows == 2 and not batch.left
    assert all(x.dtype == torch.int64 for x in batch.inputs.values())


def test_rows_are_padded_on_the_left_where_the_tokenizer_does() -> None:
    batch = gathered("left", (3, 20, 4))
    assert batch.inputs["input_ids"].tolist() == [[1, 5, 6, 7], [1, 1, 13, 14], [9, 10, 11, 12]]
    assert batch.inputs["attention_mask"].tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1]]
    assert batch.inputs["token_type_ids"].tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1]]
    assert batch.left


def test_short_rows_alone_are_not_padded_and_rows_may_repeat() -> None:
    batch = gathered(rows=(10, 10))
    assert batch.inputs["input_ids"].tolist() == [[8], [8]] and len(batch) == 2


def test_a_tokenizer_without_types_gives_none() -> None:
    batch = tokenised().gather([3], torch.zeros(1))
    assert set(batch.inputs) == {"input_ids", "attention_mask"}


def test_other_lists_of_a_tokenizer_are_left_aside() -> None:
    batch = tokenised(attention_mask=[[9] * len(x) for x in IDS], special=TYPES).gather([4], torch.zeros(1))
    assert batch.inputs["attention_mask"].tolist() == [[1, 1, 1, 1]] and "special" not in batch.inputs


def test_the_first_token_never_stands_for_a_pad() -> None:
    data = Tokenised({"input_ids": [[7, 7], [5]]}, [0, 1], 0, "right", CPU)
    assert data.gather([1, 0], torch.zeros(2)).inputs["input_ids"].tolist() == [[5, 0], [7, 7]]


# -- splitting by length ----------------------------------------------------------------------------------


def cost(groups: list[list[int]], lengths: list[int], overhead: int) -> int:
    return sum(len(g) * max(lengths[i] for i in g) + overhead for g in groups)


def brute(lengths: list[int], overhead: int) -> int:
    """The least cost over all ways to cut the rows, sorted by length, into groups."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    best = None
    for cuts in itertools.product([False, True], repeat=len(order) - 1):
        groups, current = [], [order[0]]
        for place, cut in zip(order[1:], cuts, strict=True):
            if cut:
                groups.append(current)
                current = []
            current.append(place)
        found = cost([*groups, current], lengths, overhead)
        best = found if best is None else min(best, found)
    assert best is not None
    return best


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.integers(0, 60))
def test_split_by_length_costs_the_least(lengths: list[int], overhead: int) -> None:
    groups = by_length(list(range(len(lengths))), lengths, overhead)
    assert sorted(i for g in groups for i in g) == list(range(len(lengths)))
    assert cost(groups, lengths, overhead) == brute(lengths, overhead)
    assert [lengths[i] for g in groups for i in g] == sorted(lengths)


def test_a_dear_pass_splits_nothing_and_a_free_one_every_length() -> None:
    lengths = [3, 9, 3, 5]
    assert by_length([0, 1, 2, 3], lengths, 10**6) == [[0, 2, 3, 1]]
    assert by_length([0, 1, 2, 3], lengths, 0) == [[0, 2], [3], [1]]
    assert by_length([3, 1], lengths, 0) == [[3], [1]]  # only the rows asked for


def test_the_split_is_worth_its_overhead_exactly() -> None:
    # one group: 2·10 + c; two: 1 + 10 + 2c; splitting pays while c < 9
    assert len(by_length([0, 1], [1, 10], 8)) == 2 and len(by_length([0, 1], [1, 10], 10)) == 1


# -- micro-batches ----------------------------------------------------------------------------------------


def batch_of(lengths: tuple[int, ...], side: str = "right") -> Batch:
    ids = [[100 * i + j + 2 for j in range(n)] for i, n in enumerate(lengths)]
    rows = [7 * i for i in range(len(lengths))]
    data = Tokenised({"input_ids": ids, "token_type_ids": ids}, rows, 1, side, CPU)
    return data.gather(rows, torch.arange(len(lengths)))


def real_tokens(batch: Batch) -> dict[int, tuple[int, list[int]]]:
    inputs = batch.inputs
    return {
        row: (int(batch.labels[i]), inputs["input_ids"][i][inputs["attention_mask"][i] == 1].tolist())
        for i, row in enumerate(batch.rows)
    }


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=12).map(tuple),
    st.integers(1, 5),
    st.sampled_from([None, 0, 10, 1000]),
    st.sampled_from(["right", "left"]),
)
def test_micro_batches_hold_every_row_once_as_it_is(
    lengths: tuple[int, ...], parts: int, overhead: int | None, side: str
) -> None:
    batch = batch_of(lengths, side)
    parts_ = batch.micro(parts, overhead)
    found: dict[int, Any] = {}
    for part in parts_:
        assert len(part) and part.full_rows == len(batch) and not found.keys() & set(part.rows)
        assert part.inputs["input_ids"].shape == (len(part), max(part.lengths))
        assert part.lengths == tuple(int(n) for n in part.inputs["attention_mask"].sum(1))
        found |= real_tokens(part)
    assert found == real_tokens(batch)
    if overhead is None:
        assert len(parts_) == min(parts, len(batch))
        sizes = [len(part) for part in parts_]
        assert max(sizes) - min(sizes) <= 1
        assert [row for part in parts_ for row in part.rows] == list(batch.rows)


def test_one_part_is_the_batch_itself() -> None:
    batch = batch_of((3, 4))
    assert batch.micro(1) == [batch] and batch.micro(1, 10**6) == [batch]


def test_inputs_that_are_a_tensor_are_split_by_rows() -> None:
    batch = Batch(torch.arange(12.0).reshape(4, 3), torch.arange(4), (0, 1, 2, 3), 4)
    first, second = batch.micro(2)
    assert first.inputs.tolist() == [[0, 1, 2], [3, 4, 5]] and second.labels.tolist() == [2, 3]
    assert batch.micro(1, 0) == [batch]  # without lengths there is nothing to split by


def test_inputs_that_are_not_tokens_keep_their_width() -> None:
    batch = Batch({"x": torch.zeros(3, 9), "scale": torch.ones(3)}, torch.arange(3), (0, 1, 2), 3, (2, 4, 4))
    shapes = [(tuple(p.inputs["x"].shape), tuple(p.inputs["scale"].shape)) for p in batch.micro(1, 0)]
    assert shapes == [((1, 9), (1,)), ((2, 9), (2,))]


# -- order ------------------------------------------------------------------------------------------------


def batches(
    rows: list[int] | range,
    size: int = 4,
    seed: int = 0,
    task: str = "rte",
    split: str = "train",
    longest: int = 1,
) -> Batches:
    everything = list(range(60))
    ids = [[r + 2] * (1 + r % longest) for r in everything]
    data = Tokenised({"input_ids": ids}, everything, 1, "right", CPU)
    chosen = np.asarray(list(rows))
    return Batches(
        data, chosen, torch.as_tensor(chosen * 10), batch_size=size, task=task, seed=seed, split=split
    )


def order(source: Batches, epoch: int = 0) -> list[int]:
    count = len(source)
    return [row for i in range(count) for row in source.batch(epoch * count + i).rows]


def test_an_epoch_holds_every_row_once_with_its_label() -> None:
    source = batches(range(5, 40, 3), size=5)
    assert len(source) == 3
    assert sorted(order(source)) == list(range(5, 40, 3)) and sorted(order(source, 1)) == sorted(
        order(source)
    )
    for number in range(6):
        batch = source.batch(number)
        assert batch.labels.tolist() == [10 * r for r in batch.rows]
        assert batch.inputs["input_ids"].reshape(-1).tolist() == [r + 2 for r in batch.rows]
    assert [len(source.batch(i)) for i in range(4)] == [5, 5, 2, 5]


def test_order_changes_with_epoch_seed_task_and_split() -> None:
    base = order(batches(range(30)))
    assert order(batches(range(30))) == base
    others = [order(batches(range(30)), 1), order(batches(range(30), seed=1))]
    others += [order(batches(range(30), task="mrpc")), order(batches(range(30), split="held_out"))]
    assert all(other != base for other in others) and len({tuple(o) for o in others}) == 4


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_rows_in_common_come_in_the_same_order_whatever_the_subset_and_batch_size(epoch: int) -> None:
    whole = order(batches(range(60)), epoch)
    for rows in (range(0, 60, 2), range(40), [1, 2, 3, 58]):
        for size in (1, 4, 16):
            chosen = set(rows)
            assert order(batches(rows, size), epoch) == [row for row in whole if row in chosen]


def test_batches_are_addressed_by_number_in_any_order() -> None:
    straight, jumping = batches(range(30)), batches(range(30))
    expected = {i: straight.batch(i).rows for i in range(20)}
    assert all(jumping.batch(i).rows == expected[i] for i in (19, 3, 8, 7, 0, 19))


def test_a_pass_of_its_own_holds_every_row_and_disturbs_no_training_epoch() -> None:
    source = batches(range(30))
    own = [row for batch in source.epoch(0) for row in batch.rows]
    assert sorted(own) == list(range(30))
    assert own not in [order(source, epoch) for epoch in range(4)]
    assert [row for batch in source.epoch(1) for row in batch.rows] != own
    assert order(source) == order(batches(range(30)))


def test_a_pass_by_length_holds_every_row_the_shortest_first() -> None:
    source = batches(range(30), longest=5)
    found = [batch for number in (0, 1) for batch in source.epoch(number, by_length=True)]
    half = len(found) // 2
    for own in (found[:half], found[half:]):
        lengths = [length for batch in own for length in batch.lengths]
        assert lengths == sorted(lengths) and len(set(lengths)) > 1
        assert sorted(row for batch in own for row in batch.rows) == list(range(30))
    assert [b.rows for b in found[:half]] != [b.rows for b in found[half:]], "equal lengths in one order"


def test_all_rows_again_are_a_batch_of_twice_as_many() -> None:
    once, twice = gathered(), gathered().twice()
    assert (twice.rows, twice.full_rows, len(twice)) == ((10, 4, 10, 4), 4, 4)
    assert twice.lengths == once.lengths * 2 and twice.labels.tolist() == once.labels.tolist() * 2
    assert {name: x.tolist() for name, x in twice.inputs.items()} == {
        name: x.tolist() * 2 for name, x in once.inputs.items()
    }
