"""Gradients of embedding tables, added up row by row."""

from __future__ import annotations

import torch
from torch import nn

from ftbench.nn import tables


def looked_up(table: nn.Embedding, *batches: list[int]) -> torch.Tensor | None:
    for batch in batches:
        values = table(torch.tensor(batch))
        (values * torch.arange(1.0, values.numel() + 1).view_as(values)).sum().backward()
    return table.weight.grad


def table(rows: int = 2048, width: int = 512, **more: object) -> nn.Embedding:
    torch.manual_seed(0)
    return nn.Embedding(rows, width, **more)  # type: ignore[arg-type]


def test_the_gradient_is_the_dense_one_and_whole_after_the_block() -> None:
    batches = ([3, 5, 3, 0], [5, 2047], [7])
    plain, mine = table(padding_idx=0), table(padding_idx=0)
    expected = looked_up(plain, *batches)
    with tables.rows_alone([mine]):
        inside = looked_up(mine, *batches)
        assert inside is not None and inside.is_sparse
    assert mine.weight.grad is not None and not mine.weight.grad.is_sparse and not mine.sparse
    assert expected is not None
    torch.testing.assert_close(mine.weight.grad, expected, rtol=0, atol=0)


def test_it_is_added_to_a_gradient_that_is_there() -> None:
    mine, plain = table(), table()
    with tables.rows_alone([mine]):
        looked_up(mine, [1, 2])
    with tables.rows_alone([mine]):
        looked_up(mine, [2, 9])
    assert torch.equal(mine.weight.grad, looked_up(plain, [1, 2], [2, 9]))  # type: ignore[arg-type]


def test_a_frozen_table_and_one_that_nobody_reads_get_no_gradient() -> None:
    frozen, idle = table().requires_grad_(False), table()
    with tables.rows_alone([frozen, idle]):
        frozen(torch.tensor([1]))
    assert frozen.weight.grad is None and idle.weight.grad is None


def test_a_block_that_fails_leaves_the_table_as_it_was() -> None:
    mine = table()
    try:
        with tables.rows_alone([mine]):
            looked_up(mine, [4])
            raise KeyError
    except KeyError:
        pass
    assert not mine.sparse
    assert mine.weight.grad is not None and not mine.weight.grad.is_sparse


def test_only_large_plain_tables_are_chosen() -> None:
    model = nn.ModuleDict(
        {
            "words": table(),
            "places": nn.Embedding(512, 64),
            "counted": table(scale_grad_by_freq=True),
            "bounded": table(max_norm=1.0),
            "own": table(sparse=True),
            "layer": nn.Linear(2048, 512),
        }
    )
    assert tables.large_tables(model) == [model["words"]]
