"""Misspelt words."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

import numpy as np
import pytest

from ftbench.domain.perturbation import Change
from ftbench.perturbations import find
from ftbench.perturbations.typos import misspelt
from tests.perturbations.rows import affected, perturbed, rows

TEXTS = ["The little dogs bark loudly", "A cat sat", "Nobody believed what Harriet's sister said"]
GIVEN = rows([0, 1, 0], texts=(TEXTS,))  # 4 + 0 + 6 words of four letters and more


def words_changed(ratio: float) -> set[tuple[int, int]]:
    found = perturbed(GIVEN, "typos", ratio).texts[0]
    pairs = [zip(a.split(), b.split(), strict=True) for a, b in zip(TEXTS, found, strict=True)]
    return {(row, at) for row, pair in enumerate(pairs) for at, (a, b) in enumerate(pair) if a != b}


@pytest.mark.parametrize(("ratio", "count"), [(0.0, 0), (0.1, 1), (0.3, 3), (0.5, 5), (1.0, 10)])
def test_the_ratio_of_words_is_misspelt(ratio: float, count: int) -> None:
    assert len(words_changed(ratio)) == count


def test_words_of_a_smaller_ratio_are_among_those_of_a_larger_and_stay_as_they_are() -> None:
    found = [words_changed(ratio) for ratio in (0.1, 0.3, 0.6, 1.0)]
    assert all(few < many for few, many in zip(found, found[1:], strict=False))
    some, more = (perturbed(GIVEN, "typos", ratio).texts[0] for ratio in (0.3, 0.6))
    assert all(some[row].split()[at] == more[row].split()[at] for row, at in found[1])


def test_short_words_stay_and_their_rows_are_not_affected() -> None:
    assert perturbed(GIVEN, "typos", 1.0).texts[0][1] == "A cat sat"
    assert affected(GIVEN, "typos", 1.0) == {0, 2}


def test_a_word_is_misspelt_alike_whatever_rows_stand_beside_it() -> None:
    alone = perturbed(GIVEN.only(np.array([2])), "typos", 1.0)
    assert alone.texts[0][0] == perturbed(GIVEN, "typos", 1.0).texts[0][2]


def test_the_given_texts_are_not_written_to() -> None:
    perturbed(GIVEN, "typos", 1.0)
    assert GIVEN.texts[0].tolist() == TEXTS


@pytest.mark.parametrize(
    ("word", "key", "told"),
    [
        ("little", 0, "ltitle"),  # swapped: i and t
        ("little", 1, "lttle"),  # dropped
        ("little", 2, "liuttle"),  # u, beside i, added behind it
        ("little", 3, "luttle"),  # u in the place of i
        ("liTTle", 3 + 4, "liRTle"),  # the case stays
        ("boom", 0, "bom"),  # nothing to swap
        ("naïve", 3 + 4, "nave"),  # no key of the keyboard: dropped
    ],
)
def test_a_letter_is_swapped_dropped_added_or_replaced(word: str, key: int, told: str) -> None:
    assert misspelt(word, key) == told


def test_a_misspelt_word_keeps_its_ends_and_is_another() -> None:
    kinds: Counter[int] = Counter()
    for key in range(4000):
        word = misspelt("Wonderful", key * 2654435761)
        assert word != "Wonderful" and (word[0], word[-1]) == ("W", "l")
        assert SequenceMatcher(None, word, "Wonderful").ratio() > 0.8
        kinds[len(word)] += 1
    assert kinds[8] > 900 and kinds[10] > 900 and kinds[9] > 1900  # dropped, added, swapped and replaced


@pytest.mark.parametrize(
    ("side", "sides"),
    [("training", ("training",)), ("evaluation", ("evaluation",)), ("both", ("training", "evaluation"))],
)
def test_the_side_is_an_option(side: str, sides: tuple[str, ...]) -> None:
    assert find("typos").made(Change("typos", 0.1, (("side", side),))).sides() == sides
