"""Typos: words misspelt."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.perturbations.base import EVALUATION, TRAINING, Draws, LabelledRows, Perturber

if TYPE_CHECKING:
    from ftbench.perturbations.base import Integers

#: Words of four letters and more: the first and the last letter stay, and two at least are between.
_WORD = re.compile(r"[^\W\d_]{4,}")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_COLUMN, _PLACE = 4, 16  # bits of a word's number that are its column and its place in the text


class Typos(Perturber):
    """Misspell ``round(ratio·W)`` of the W words of four letters and more.

    As in Pruthi, Dhingra and Lipton 2019 (arXiv:1905.11268), the first and the last letter stay, and between
    them one letter is swapped with the next, dropped, or has a neighbour on the keyboard in its place or
    behind it, each alike often. What happens to a word depends on its row and its place there alone.
    """

    name = "typos"
    title = "Misspelt words"
    caption = "A fraction of the words of four letters and more misspelt"
    order = 40
    wanted = "ratios from 0 to 1, such as 0,0.1"

    @dataclass(frozen=True)
    class Settings:
        """How many words, and on which side."""

        value: float = hparam(
            0.0, range=(0, 1), help="fraction of the words of four letters and more that is misspelt"
        )
        side: str = hparam(
            TRAINING, choices=(TRAINING, EVALUATION, "both"), help="whose words: those of which rows"
        )

    def sides(self) -> tuple[str, ...]:
        """As the option says."""
        return (TRAINING, EVALUATION) if self.settings.side == "both" else (self.settings.side,)

    def perturb(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        """Misspell the first words in the ranking."""
        import numpy as np

        words = word_numbers(rows)
        hit = draws.first(words, round(self.settings.value * len(words)))
        keys = [int(key) for key in draws.keys("typos:letter", hit)]
        by_text: dict[tuple[int, int], dict[int, int]] = {}
        for word, key in zip(hit.tolist(), keys, strict=True):
            column, place = word >> _PLACE & (1 << _COLUMN) - 1, word & (1 << _PLACE) - 1
            by_text.setdefault((word >> _COLUMN + _PLACE, column), {})[place] = key
        texts = tuple(np.array(column) for column in rows.texts)
        for (number, column), places in by_text.items():
            at = np.searchsorted(rows.numbers, number)
            texts[column][at] = _with_typos(texts[column][at], places)
        return replace(rows, texts=texts), np.unique(hit >> _COLUMN + _PLACE)


def word_numbers(rows: LabelledRows) -> Integers:
    """A number for each word that may be misspelt, made of its row, column and place; ascending."""
    import numpy as np

    found: list[int] = []
    for at, number in enumerate(rows.numbers.tolist()):
        for column, texts in enumerate(rows.texts):
            first = (number << _COLUMN + _PLACE) + (column << _PLACE)
            found += range(first, first + min(len(_WORD.findall(texts[at])), 1 << _PLACE))
    return np.array(found, dtype=np.int64)


def _with_typos(text: str, keys: dict[int, int]) -> str:
    """A text with some of its words misspelt: place among its words -> key."""
    places = iter(range(len(text)))

    def one(found: re.Match[str]) -> str:
        place = next(places)
        return misspelt(found[0], keys[place]) if place in keys else found[0]

    return _WORD.sub(one, text)


def misspelt(word: str, key: int) -> str:
    """A word of four letters or more with one between its first and last swapped, dropped, added or replaced.

    Args:
        word: the word.
        key: a 64-bit number that decides.

    Returns:
        Another word.
    """
    choice, key = key % 4, key // 4
    at, key = 1 + key % (len(word) - 2), key // (len(word) - 2)
    letter, near = word[at], _beside(word[at])
    if choice == 0:  # swapped with the next one that may move
        swaps = [i for i in range(1, len(word) - 2) if word[i] != word[i + 1]]
        if swaps:
            at = swaps[key % len(swaps)]
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if choice < 2 or not near:  # nothing to swap, or no key of a keyboard: dropped
        return word[:at] + word[at + 1 :]
    other = near[key % len(near)]
    kept = letter if choice == 2 else ""
    return word[:at] + kept + other + word[at + 1 :]


def _beside(letter: str) -> str:
    """The letters beside one on an English keyboard, in its case; "" for another letter."""
    low = letter.lower()
    for row in _ROWS:
        at = row.find(low)
        if at >= 0:
            near = row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
            return near.upper() if letter != low else near
    return ""
