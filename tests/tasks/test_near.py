"""Near-duplicates: none is missed, against all pairs tried."""

from __future__ import annotations

import random

import pytest

from ftbench.tasks.near import grams, made_alike, near_pairs


def test_what_writers_vary_is_made_alike() -> None:
    assert made_alike(["A  Dog, sleeps!"]) == made_alike(["a dog sleeps"]) == "a dog sleeps"
    assert made_alike(["ﬁne", "B"]) == "fine | b"
    assert made_alike(["!!!"]) != made_alike(["???"])


def test_short_texts_are_themselves() -> None:
    assert grams("ab") == {"ab"} and grams("") == {""}


@pytest.mark.parametrize("least", [0.3, 0.5, 0.8, 1.0])
def test_every_near_pair_is_found(least: float) -> None:
    dice = random.Random(7)
    words = ["the dog", "a cat", "sleeps", "runs", "near", "the river", "and", "loves"]
    left, right = (
        [" ".join(dice.choices(words, k=dice.randint(1, 7))) for _ in range(150)] for _ in range(2)
    )

    def jaccard(a: str, b: str) -> float:
        return len(grams(a) & grams(b)) / len(grams(a) | grams(b))

    best = {row: max(jaccard(one, text) for one in left) for row, text in enumerate(right)}
    wanted = {row: value for row, value in best.items() if value >= least}
    assert {pair.right: pair.jaccard for pair in near_pairs(left, right, least)} == pytest.approx(wanted)
    assert wanted
