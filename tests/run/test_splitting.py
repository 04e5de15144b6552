"""What a pass costs, and how batches are cut for it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ftbench.run.data import Batch
from ftbench.run.splitting import Splitting
from tests.nn.transformers_small import small


def batch(*lengths: int, device: str = "cpu") -> Batch:
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for row, length in enumerate(lengths):
        ids[row, :length] = 1
    rows = tuple(range(len(lengths)))
    inputs = {"input_ids": ids, "attention_mask": ids}
    return Batch(inputs, torch.zeros(len(lengths), device=device), rows, len(rows), lengths)


@pytest.mark.parametrize(("threads", "times"), [(1, 1), (2, 4), (8, 4)])
def test_a_pass_costs_the_more_tokens_the_smaller_the_model_and_the_more_threads(
    threads: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    for weights, tokens_of_a_pass in ((10_646_784, 31.93), (1_000_000, 340)):
        assert Splitting(weights).overhead(batch(3, 90)) == round(times * tokens_of_a_pass)
    assert Splitting(300_000_000).overhead(batch(3, 90)) == 8


def test_batches_elsewhere_and_rows_without_lengths_are_not_split() -> None:
    plain = Batch(torch.zeros(2, 9), torch.zeros(2), (0, 1), 2)
    for one in (batch(3, 90, device="meta"), plain):
        assert Splitting(10_000_000).overhead(one) is None
        assert Splitting(10_000_000).micro_batches(one, 1) == [one]


def test_rows_of_similar_length_are_together_where_padding_costs_more_than_a_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    whole = batch(3, 90, 4, 88)
    cheap, dear = Splitting(100_000_000), Splitting(1_000_000)  # 8 tokens a pass, and 340
    assert sorted(part.rows for part in cheap.micro_batches(whole, 1)) == [(0, 2), (3, 1)]
    assert [part.rows for part in dear.micro_batches(whole, 1)] == [(0, 1, 2, 3)]
    assert [part.rows for part in dear.micro_batches(whole, 2)] == [(0, 1), (2, 3)]


def test_what_counts_are_the_weights_of_the_layers() -> None:
    """Looking words up costs next to nothing, however many there are."""
    model = small("bert")
    layers = model.bert.encoder.layer
    assert Splitting.of(model).layer_weights == sum(p.numel() for p in layers.parameters())
    plain = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    assert Splitting.of(plain).layer_weights == 15
    assert Splitting.of(nn.ReLU()).layer_weights == 1


def test_a_large_table_keeps_the_gradients_of_its_rows_until_the_end_of_the_block() -> None:
    model = nn.Sequential(nn.Embedding(1 << 18, 4), nn.Flatten(), nn.Linear(8, 1))
    splitting, table = Splitting.of(model), model[0].weight
    assert splitting.tables == (model[0],)
    words = Batch(torch.tensor([[1, 2], [2, 3]]), torch.zeros(2), (0, 1), 2)
    with splitting.cheap_tables(words):
        model(words.inputs).sum().backward()
        assert table.grad.is_sparse
    assert not table.grad.is_sparse and table.grad[1:4].abs().sum() > 0 and not table.grad[4:].any()


def test_tables_stay_as_they_are_on_other_devices() -> None:
    model = nn.Embedding(1 << 18, 4)
    with Splitting.of(model).cheap_tables(batch(1, 2, device="meta")):
        assert not model.sparse
