"""Labels of words: which token carries each, in batches, in evaluation, and where a text is cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ftbench import tasks
from ftbench.domain.task import NO_LABEL
from ftbench.errors import DataError, PluginError
from ftbench.run.data import WORDS, Batch, Tokenised
from ftbench.tasks import toy_labels
from ftbench.tasks.rows import Rows
from ftbench.testing.bench import Bench
from ftbench.training import evaluation
from ftbench.training.words import check_same_words, check_words, words_begun

TAGS = tasks.find("toy-tags")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("text", "spans", "begun"),
    [
        # [CLS] un ##aff ##able cats . [SEP]
        ("unaffable cats .", [(0, 0), (0, 2), (2, 5), (5, 9), (10, 14), (15, 16), (0, 0)], "-0--12-"),
        # marks of spaces before words, as one token and as a part of one
        ("a , b", [(0, 1), (1, 2), (2, 3), (3, 5)], "0-12"),
        # a word that no token covers has none; the end is cut off
        ("a \x00 b c", [(0, 1), (4, 5)], "02"),
        # one token over two words is the first one's
        ("New York", [(0, 8)], "0"),
    ],
)
def test_the_first_token_that_covers_a_word_begins_it(
    text: str, spans: list[tuple[int, int]], begun: str
) -> None:
    wanted = [-1 if mark == "-" else int(mark) for mark in begun]
    assert words_begun(text, spans) == wanted


def test_the_first_piece_of_a_word_carries_its_label(bench: Bench) -> None:
    job = bench.job(task="toy-tags", train_size=12)
    corpus = bench.corpus(job)
    batch = corpus.data.gather(corpus.rows[:4].tolist(), corpus.labels_of(corpus.rows[:4]))
    tokenizer = bench.shelf.get(bench.ref, 7, tokens=True).tokenizer
    rows = toy_labels.labelled_rows("toy-tags", "train")
    assert batch.grid is not None and batch.by_token
    for row, ids, grid in zip(corpus.rows[:4], batch.inputs["input_ids"], batch.grid, strict=True):
        pieces = tokenizer.convert_ids_to_tokens(ids.tolist())
        first = [p for p, tag in zip(pieces, grid.tolist(), strict=True) if tag != NO_LABEL]
        words = rows.texts[0][int(row)].lower().split(" ")
        assert len(first) == len(words)
        assert all(word.startswith(piece) for word, piece in zip(words, first, strict=True))
        assert grid[grid != NO_LABEL].tolist() == list(rows.labels[int(row)])  # type: ignore[call-overload]
    assert torch.equal(batch.labels, batch.grid[batch.grid != NO_LABEL])


def tokenised(side: str = "right") -> Tokenised:
    """Two rows of 5 and 3 tokens, the words beginning at 1, 3 and at 1."""
    lists = {"input_ids": [[9, 1, 2, 3, 8], [9, 4, 8]], WORDS: [[-1, 0, -1, 1, -1], [-1, 0, -1]]}
    return Tokenised(lists, [0, 1], 0, side, CPU)


@pytest.mark.parametrize("side", ["right", "left"])
def test_logits_of_labelled_tokens_come_in_the_order_of_their_labels(side: str) -> None:
    labels = torch.tensor([[5, 6], [7, NO_LABEL]])
    batch = tokenised(side).gather([0, 1], labels)
    logits = torch.arange(2 * 5 * 2.0).reshape(2, 5, 2)
    places = [(0, 1), (0, 3), (1, 1 if side == "right" else 3)]
    wanted = torch.stack([logits[p] for p in places])
    assert batch.labels.tolist() == [5, 6, 7]
    assert torch.equal(batch.predictions(logits), wanted)
    virtual = torch.cat([torch.zeros(2, 3, 2), logits], 1)  # a prompt stands before everything
    assert torch.equal(batch.predictions(virtual), wanted)
    assert len(batch.twice().labels) == 6 and "words" not in batch.inputs


@pytest.mark.parametrize("side", ["right", "left"])
def test_micro_batches_keep_labels_and_tokens_together(side: str) -> None:
    batch = tokenised(side).gather([0, 1], torch.tensor([[5, 6], [7, NO_LABEL]]))
    parts = batch.micro(2)
    assert [part.labels.tolist() for part in parts] == [[5, 6], [7]]
    assert parts[1].inputs["input_ids"].tolist() == [[9, 4, 8]]
    assert parts[1].grid is not None and parts[1].grid.tolist() == [[NO_LABEL, 7, NO_LABEL]]


def test_several_labels_are_not_cut_where_they_are_as_many_as_tokens() -> None:
    lists = {"input_ids": [[1, 2, 3], [1]]}
    batch = Tokenised(lists, [0, 1], 0, "right", CPU).gather([0, 1], torch.tensor([[0, 1, 1], [1, 0, 0]]))
    parts = batch.micro(2)
    assert [part.labels.tolist() for part in parts] == [[0, 1, 1], [1, 0, 0]]
    assert parts[1].inputs["input_ids"].shape == (1, 1)


def test_one_label_among_several_is_a_choice_between_two_classes() -> None:
    batch = Batch.of(None, torch.tensor([[1, 0], [0, 0]]), (0, 1), 2)
    z = torch.tensor([[2.0, -1.0], [0.5, 3.0]])
    found = batch.predictions(z)
    assert torch.allclose(found.softmax(-1)[:, 1], torch.sigmoid(z.reshape(-1)))
    loss = torch.nn.functional.cross_entropy(found, batch.labels)
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    assert loss.item() == pytest.approx(wanted.item())


class Tagger(torch.nn.Module):
    """Says of each token its id."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> object:
        return type("Out", (), {"logits": torch.nn.functional.one_hot(input_ids, 10).float()[..., :7]})


def test_words_that_are_cut_off_are_predicted_as_outside() -> None:
    labels = np.array([[2.0, 3.0, 4.0], [1.0, NO_LABEL, NO_LABEL]])  # the third word has no token
    found = evaluation.predict_words(Tagger(), tokenised(), [0, 1], labels, TAGS)
    assert found.argmax(-1).tolist() == [1, 3, 0, 4]
    assert found[2].tolist() == [1.0] + [0.0] * 6


def test_rows_whose_labelled_words_are_all_cut_off_are_not_trained_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Rows((["Dogs chase cats ."] * 2,), [(NO_LABEL, NO_LABEL, NO_LABEL, 0), (1, 0, 3, 0)])
    monkeypatch.setattr(toy_labels, "labelled_rows", lambda name, set_name: late)
    job = bench.job(task="toy-tags", train_size=0, max_length=5)
    fresh = Bench()
    assert fresh.corpus(job).rows.tolist() == [1]
    only = Rows((["Dogs chase cats ."],), [(NO_LABEL, NO_LABEL, NO_LABEL, 0)])
    monkeypatch.setattr(toy_labels, "labelled_rows", lambda name, set_name: only)
    with pytest.raises(DataError, match="no training row has a labelled word in its first 5 tokens"):
        Bench().corpus(job)


def test_rows_with_another_number_of_words_than_labels_are_refused() -> None:
    wrong = Rows((["a b", "a b c"],), [(0, 0), (0, 0)])
    with pytest.raises(DataError, match="row 1 has 3 words and 2 labels"):
        check_words(TAGS, wrong, "train")
    with pytest.raises(PluginError, match="gave row 0 another number of words"):
        check_same_words(TAGS, wrong, [0], ["a"])
