"""Near-duplicates: texts whose character 5-grams overlap, all of them found without trying all pairs."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

GRAM = 5
JACCARD = 0.8
RULE = (
    f"near-duplicates share {100 * JACCARD:.0f} % or more of all their character {GRAM}-grams (Jaccard),"
    " whatever the case, punctuation and blanks"
)
_Order: TypeAlias = Counter[str]


@dataclass(frozen=True)
class NearPair:
    """Two rows that are nearly the same.

    Attributes:
        left: the row of the first texts, from 0.
        right: of the second.
        jaccard: of their character 5-grams; 1 where they are equal once they are made alike.
    """

    left: int
    right: int
    jaccard: float


def made_alike(texts: Sequence[str]) -> str:
    """The texts of a row without what writers vary: case, punctuation, blanks, ways to encode a character."""
    parts = (unicodedata.normalize("NFKC", text).casefold() for text in texts)
    return " | ".join(re.sub(r"[\W_]+", " ", part).strip() or part.strip() for part in parts)


def grams(text: str) -> frozenset[str]:
    """The character 5-grams of a text; of a shorter one itself."""
    return frozenset(text[at : at + GRAM] for at in range(max(1, len(text) - GRAM + 1)))


def near_pairs(left: Sequence[str], right: Sequence[str], least: float = JACCARD) -> Iterator[NearPair]:
    """The nearest row on the left of every row on the right that has one, in the order of the right ones.

    Sets that overlap so far share one of their rarest grams: only those are looked up (prefix filtering), so
    that none is missed.

    Args:
        left: texts made alike; read once, row by row.
        right: likewise.
        least: the smallest Jaccard similarity, above 0.
    """
    sets = [grams(text) for text in right]
    rarity: _Order = Counter(gram for one in sets for gram in one)
    having: dict[str, list[int]] = {}
    for row, found in enumerate(sets):
        for gram in _rarest(found, rarity, least):
            having.setdefault(gram, []).append(row)
    best: dict[int, NearPair] = {}
    for row, text in enumerate(left):
        mine = grams(text)
        seen = {other for gram in _rarest(mine, rarity, least) for other in having.get(gram, ())}
        for other in seen:
            theirs = sets[other]
            if not least <= len(mine) / len(theirs) <= 1 / least:
                continue
            shared = len(mine & theirs)
            jaccard = shared / (len(mine) + len(theirs) - shared)
            known = best.get(other)
            if jaccard >= least and (known is None or jaccard > known.jaccard):
                best[other] = NearPair(row, other, jaccard)
    yield from (best[row] for row in sorted(best))


def _rarest(found: frozenset[str], rarity: _Order, least: float) -> list[str]:
    """The grams of which two sets that overlap enough must share one, in one order for all sets."""
    ordered = sorted(found, key=lambda gram: (rarity[gram], gram))
    return ordered[: len(ordered) - math.ceil(least * len(ordered)) + 1]
