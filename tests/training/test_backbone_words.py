"""Decoders and T5 with a head on each token: each is labelled by itself, whatever stands beside its text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ftbench import methods, tasks
from ftbench.domain.suited import no_token_head
from ftbench.models import resolve
from ftbench.nn import decoders
from ftbench.testing import check
from ftbench.training.loading import Loaded, load_checkpoint
from tests.methods.short import SHORT
from tests.models.backbones import BOS, EOS, saved, told
from tests.nn.transformers_small import DECODERS, T5

#: Families of decoders that transformers can put a head on each token of; Gemma 3 is none.
LABELS_TOKENS = tuple(kind for kind in DECODERS if kind != "gemma3_text")
ROWS = [[BOS, 9, 4, 7, EOS], [BOS, 5, 8, 6, 9, 12, 4, 10, EOS], [BOS, 11, EOS]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family, made once; its tokenizer pads on the left, with the token of the end."""
    root = tmp_path_factory.mktemp("words")

    def of(kind: str) -> Path:
        place = root / kind
        if not place.is_dir():
            saved(kind, place, tokens={"pad_token": "</s>", "ends": True, "padding_side": "left"})
            told(place, pad_token_id=EOS)
        return place

    return of


@pytest.fixture(scope="module")
def loaded(folder: Callable[[str], Path]) -> Callable[[str], Loaded]:
    kept: dict[str, Loaded] = {}

    def of(kind: str) -> Loaded:
        if kind not in kept:
            kept[kind] = load_checkpoint(folder(kind), 3, tokens=True)
        return kept[kind]

    return of


def logits(model: Any, rows: list[list[int]], width: int = 0) -> list[Any]:
    """The logits of the real tokens of each row, of rows that are padded on the right."""
    width = max(width, *map(len, rows))
    ids = torch.tensor([row + [EOS] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    with torch.inference_mode():
        found = model.eval()(input_ids=ids, attention_mask=mask).logits
    assert found.shape == (len(rows), width, 3)
    return [one[: len(row)] for one, row in zip(found, rows, strict=True)]


@pytest.mark.parametrize("kind", (*LABELS_TOKENS, *T5))
def test_a_text_is_read_from_its_beginning_and_pads_follow(
    loaded: Callable[[str], Loaded], kind: str
) -> None:
    made = loaded(kind)
    encoded = made.tokenizer(["a small dog sleeps", "the cat"], padding=True)
    assert made.tokenizer.padding_side == "right" and encoded["attention_mask"][1][-1] == 0
    assert "token_type_ids" not in encoded, "GPT-2 would look them up as words"
    assert (
        all(made.model.get_parameter(name).shape[0] == 3 for name in made.head) and made.head == made.lacking
    )
    assert kind in T5 or not made.model.config.use_cache
    assert not decoders.transposed(made.model)


@pytest.mark.parametrize("kind", (*LABELS_TOKENS, *T5))
def test_the_label_of_a_token_depends_on_its_own_text_alone(
    loaded: Callable[[str], Loaded], kind: str
) -> None:
    model = loaded(kind).model
    alone = [logits(model, [row])[0] for row in ROWS]
    for one, together in zip(alone, logits(model, ROWS, width=14), strict=True):
        torch.testing.assert_close(together, one, rtol=1e-4, atol=1e-5)
    assert min(float(one.std(0).max()) for one in alone) > 1e-3, "the tokens of a text are told apart"
    (shorter,) = logits(model, [ROWS[1][:4]])
    same = torch.allclose(shorter, alone[1][:4], rtol=1e-4, atol=1e-5)
    assert same == (kind in DECODERS), "a decoder reads no further than the token that it labels"


@pytest.mark.parametrize("kind", ("gpt2", "llama", "t5"))
def test_a_job_learns_labels_of_words_and_does_not_depend_on_its_micro_batches(
    folder: Callable[[str], Path], kind: str
) -> None:
    assert failures("vanilla", folder(kind)) == []


def test_a_family_without_such_a_head_is_refused_when_it_is_queued(folder: Callable[[str], Path]) -> None:
    task = tasks.find("toy-tags")
    for kind in (*LABELS_TOKENS, *T5, "gemma3_text"):
        spec = resolve(str(folder(kind)))[0]
        assert bool(no_token_head(spec, task)) == (kind == "gemma3_text")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ("gpt2", "llama", "qwen3", "t5"))
@pytest.mark.parametrize("name", [e.name for e in methods.available() if e.source == "built-in"])
def test_every_method_learns_labels_of_words(folder: Callable[[str], Path], kind: str, name: str) -> None:
    assert failures(f"{name}[{SHORT[name]}]" if name in SHORT else name, folder(kind)) == []


def failures(text: str, place: Path) -> list[str]:
    found = check(text, model=str(place), only=["labels of words"])
    return [f"{text}: {one.check}: {one.note}" for one in found if one.passed is False]
