"""The rows of a job: read once, cut, split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from ftbench import tasks
from ftbench.domain.perturbation import Perturbation
from ftbench.errors import DataError, ModelError
from ftbench.tasks import toy
from ftbench.tasks.rows import Rows
from ftbench.training.corpus import Corpus, Library
from ftbench.training.model_limits import ModelLimits
from tests.training.conftest import Bench


def corpus(bench: Bench, library: Library | None = None, tokenizer: Any = None, **job: Any) -> Corpus:
    more = job.pop("perturbation", {})
    made = bench.job(**job)
    made = replace(made, perturbation=Perturbation.of({**made.perturbation.canonical(), **more}))
    model, task = bench.shelf.get(bench.ref, 2), tasks.find(made.task)
    tokenizer, key = tokenizer or model.tokenizer, (bench.ref.id, bench.ref.revision)
    return Corpus(library or bench.library, task, made, tokenizer, key, None, limits=model.limits)


def test_labels_are_those_of_their_rows(bench: Bench) -> None:
    found = corpus(bench, train_size=50)
    labels = toy.rows("toy-accept", "train").labels
    assert found.labels.tolist() == [labels[r] for r in found.rows] and found.labels.dtype == torch.int64
    some = found.rows[[3, 7, 20]]
    assert found.labels_of(some).tolist() == [labels[r] for r in some]


def test_scores_are_float32(bench: Bench) -> None:
    assert corpus(bench, task="toy-sim").labels.dtype == torch.float32


def test_noise_reaches_training_labels_alone(bench: Bench) -> None:
    clean, noisy = corpus(bench), corpus(bench, noise=0.25)
    assert int((clean.labels != noisy.labels).sum()) == 10
    labels = np.asarray(toy.rows("toy-accept", "dev").labels, dtype=np.float64)
    assert np.array_equal(noisy.evaluation("dev").labels, labels)


def test_pairs_have_both_texts_and_their_types(bench: Bench) -> None:
    found = corpus(bench, task="toy-para")
    rows = toy.rows("toy-para", "train")
    tokenizer = bench.shelf.get(bench.ref, 2).tokenizer
    row = int(found.rows[0])
    wanted = tokenizer(rows.texts[0][row], rows.texts[1][row])
    batch = found.data.gather([row], found.labels_of(found.rows[:1]))
    assert batch.inputs["input_ids"][0].tolist() == wanted["input_ids"]
    assert batch.inputs["token_type_ids"][0].tolist() == wanted["token_type_ids"]
    assert set(wanted["token_type_ids"]) == {0, 1}


def test_inputs_are_cut_to_the_recipes_length(bench: Bench) -> None:
    assert int(corpus(bench, task="toy-para").data.lengths.max()) > 8
    assert int(corpus(bench, task="toy-para", max_length=8).data.lengths.max()) == 8


def test_each_row_is_tokenised_once(bench: Bench) -> None:
    tokenizer, seen = bench.shelf.get(bench.ref, 2).tokenizer, list[str]()

    class Counting:
        pad_token_id, padding_side = tokenizer.pad_token_id, tokenizer.padding_side

        def __call__(self, *texts: list[str], **more: Any) -> Any:
            seen.extend(texts[0])
            return tokenizer(*texts, **more)

    library = Library(torch.device("cpu"))
    for more in ({"train_size": 30}, {"train_size": 40}, {"train_size": 30, "noise": 0.1}):
        corpus(bench, library, Counting(), **more)
    assert len(seen) == 40


def test_no_more_is_kept_than_there_is_room_for(bench: Bench) -> None:
    library = Library(torch.device("cpu"), room=2)
    for task in ("toy-accept", "toy-para", "toy-sim"):
        corpus(bench, library, task=task).evaluation("dev")
    assert len(library._rows) == len(library._tokens) == 2


def test_rows_of_another_version_are_refused(bench: Bench) -> None:
    made = replace(bench.job(), data_revision="toy-0-0")
    with pytest.raises(DataError, match="but the job wants toy-0-0"):
        Corpus(bench.library, tasks.find("toy-accept"), made, None, ("tiny", ""), None)


@pytest.mark.parametrize(("fraction", "count"), [(0.1, 4), (0.25, 10), (0.01, 0), (0.5, 20)])
def test_rows_are_held_out_by_their_share_and_nested(bench: Bench, fraction: float, count: int) -> None:
    found = corpus(bench)
    stay, held = found.split(found.rows, fraction, seed=3)
    assert len(held) == count and np.array_equal(np.sort(np.concatenate([stay, held])), found.rows)
    assert (np.diff(stay) > 0).all() and (np.diff(held) > 0).all()
    assert set(held) <= set(found.split(found.rows, 0.5, seed=3)[1])
    if count:
        assert set(held) != set(found.split(found.rows, fraction, seed=4)[1])


def test_a_row_that_two_subsets_have_in_common_ranks_alike(bench: Bench) -> None:
    found = corpus(bench, train_size=40)
    rows = found.rows[:-1] if found.rows[-1] else found.rows  # without the largest number
    whole, part = (set(found.split(r, 0.5, seed=1)[1]) for r in (found.rows, rows))
    assert len(whole ^ part) <= 2


def limited(bench: Bench, **limits: int) -> Corpus:
    made = bench.job(task="toy-para")
    tokenizer = bench.shelf.get(bench.ref, 2).tokenizer
    key = (str(limits),)
    return Corpus(
        Library(bench.library.device),
        tasks.find("toy-para"),
        made,
        tokenizer,
        key,
        None,
        limits=ModelLimits(**limits),
    )


def test_inputs_are_cut_where_the_positions_end(bench: Bench) -> None:
    short = limited(bench, positions=8)
    assert short.max_length == 8 and int(short.data.lengths.max()) == 8
    assert int(short.evaluation("dev").data.lengths.max()) == 8
    assert limited(bench, positions=4000).max_length == limited(bench).max_length == 128


def test_tokens_beyond_the_embedding_are_an_error_in_one_line(bench: Bench) -> None:
    with pytest.raises(ModelError, match=r"gives token \d+, but the model's word embedding ends at 99"):
        limited(bench, tokens=100)
    assert len(limited(bench, tokens=591).rows) == 40


def test_segments_of_a_model_that_has_one_are_all_the_first(bench: Bench) -> None:
    for types, wanted in ((1, {0}), (2, {0, 1}), (0, {0, 1})):
        found = limited(bench, types=types)
        batch = found.data.gather([int(found.rows[0])], found.labels_of(found.rows[:1]))
        assert set(batch.inputs["token_type_ids"][0].tolist()) == wanted


@pytest.mark.parametrize("special", ["[SEP]", "[CLS]", "[PAD]"])
def test_a_text_that_spells_a_special_token_has_none(bench: Bench, special: str) -> None:
    tokenizer = bench.shelf.get(bench.ref, 2).tokenizer
    rows = Rows(([f"a dog {special} sleeps"],), [0])
    data = bench.library.tokens(rows, [0], tokenizer, 128, (special,))
    ids = data.gather([0], torch.zeros(1)).inputs["input_ids"][0].tolist()
    assert [i for i in ids if i in tokenizer.all_special_ids and i != tokenizer.unk_token_id] == [
        tokenizer.cls_token_id,
        tokenizer.sep_token_id,
    ]


def test_copies_have_their_rows_tokens_and_labels(bench: Bench) -> None:
    plain, found = corpus(bench), corpus(bench, perturbation={"duplicates": 0.5, "noise": 0.25})
    count = len(toy.rows("toy-accept", "train").labels)
    assert len(found.rows) == 60 and set((found.rows % count).tolist()) == set(plain.rows.tolist())
    copies = found.rows[found.rows >= count]
    assert len(copies) == 20
    for row in copies.tolist():
        ids = [
            found.data.gather([r], found.labels[:1]).inputs["input_ids"].tolist() for r in (row, row % count)
        ]
        assert ids[0] == ids[1]
    assert found.labels_of(copies).tolist() == found.labels_of(copies % count).tolist()


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_copies_of_a_row_are_held_out_together(bench: Bench, fraction: float) -> None:
    found = corpus(bench, perturbation={"duplicates": 1.5})
    count = len(toy.rows("toy-accept", "train").labels)
    stay, held = found.split(found.rows, fraction, seed=3)
    assert not set((stay % count).tolist()) & set((held % count).tolist())
    assert 0 <= len(held) - round(fraction * 100) <= 2 and len(stay) + len(held) == 100


def test_typos_reach_the_side_that_was_asked_for(bench: Bench) -> None:
    def tokens(found: Corpus) -> tuple[list[int], list[int]]:
        dev = found.evaluation("dev")
        return found.data.lengths.tolist(), dev.data.lengths.tolist()

    clean = tokens(corpus(bench))
    for side, changed in (("training", (True, False)), ("evaluation", (False, True)), ("both", (True, True))):
        found = tokens(corpus(bench, perturbation={"typos": {"value": 0.5, "side": side}}))
        assert tuple(a != b for a, b in zip(found, clean, strict=True)) == changed
    assert tokens(corpus(bench)) == clean  # tokens of changed texts are kept apart


def test_what_was_done_to_evaluation_rows_is_recorded_and_leaves_their_labels(bench: Bench) -> None:
    found = corpus(bench, perturbation={"typos": {"value": 0.5, "side": "evaluation"}})
    assert "typos of dev" not in found.digests
    assert np.array_equal(found.evaluation("dev").labels, corpus(bench).evaluation("dev").labels)
    assert "typos of dev" in found.digests and "typos" not in found.digests


def test_training_and_evaluation_rows_have_draws_of_their_own(bench: Bench) -> None:
    found = corpus(bench, perturbation={"typos": {"value": 0.5, "side": "both"}})
    found.evaluation("dev")
    assert found.digests["typos"] != found.digests["typos of dev"]


def test_misspelt_words_and_their_copies_fit_the_model(bench: Bench) -> None:
    spec = {"typos": {"value": 1, "side": "both"}, "duplicates": 1, "train_size": 800}
    found = corpus(bench, task="toy-entail", perturbation=spec)
    assert len(found.data.lengths) == 1600 and int(found.data.lengths.max()) <= 64
    assert int(found.evaluation("dev").data.lengths.max()) <= 64
