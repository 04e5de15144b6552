"""What docs/protocols.md says about the ranking, written from its text alone: nothing of ftbench is used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

MASK = (1 << 64) - 1
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
Texts = dict[int, list[str]]


def hashed(*parts: str | int) -> int:
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big") >> 1


def key(seed: int, i: int) -> int:
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def digest(numbers: Sequence[int]) -> str:
    return hashlib.sha256(b"".join(n.to_bytes(8, "little") for n in numbers)).hexdigest()[:16]


class Ranked:
    """The draws of one task and seed.

    Args:
        task: its name.
        seed: of the streams.
    """

    def __init__(self, task: str, seed: int) -> None:
        self.task, self._seed = task, seed

    def seed(self, what: str, stream: str = "perturbation", *place: str) -> int:
        return hashed(hashed("ftbench", stream, self.task, self._seed), what, *place)

    def first(self, what: str, numbers: Sequence[int], count: int, *place: str) -> list[int]:
        seed = self.seed(what, "perturbation", *place)
        return sorted(sorted(numbers, key=lambda i: (key(seed, i), i))[:count])

    def subset(self, labels: Sequence[float], count: int, how: str, regression: bool = False) -> list[int]:
        n, seed = len(labels), self.seed("train_size", "subset")
        keys = [key(seed, i) for i in range(n)]
        if how == "uniform":
            return sorted(sorted(range(n), key=lambda i: (keys[i], i))[:count])
        classes = [10 * sum(o < y for o in labels) // n for y in labels] if regression else list(labels)
        place = {}
        for one in set(classes):
            members = sorted((i for i in range(n) if classes[i] == one), key=lambda i: (keys[i], i))
            for k, i in enumerate(members):
                place[i] = (k + 0.5) / len(members)
        return sorted(sorted(range(n), key=lambda i: (place[i], keys[i]))[:count])

    def reduced(self, labels: dict[int, int], ratio: float) -> list[int]:
        """The rows that go."""
        ones = [i for i, y in labels.items() if y == 1]
        return self.first("reduction", ones, round(ratio * len(ones)))

    def noisy(self, labels: dict[int, int], ratio: float, classes: int, pairflip: bool) -> dict[int, int]:
        """Row -> its wrong label."""
        seed = self.seed("label")
        hit = self.first("noise", list(labels), round(ratio * len(labels)))
        shift = {i: 0 if pairflip else key(seed, i) % (classes - 1) for i in hit}
        return {i: (labels[i] + 1 + shift[i]) % classes for i in hit}

    def flipped(
        self, labels: dict[int, int], ratio: float, flips: list[tuple[int, int, float]]
    ) -> dict[int, int]:
        """Row -> its wrong label, of flips (class, what it becomes, weight)."""
        found, seed = {}, self.seed("noise:target")
        for source in {one[0] for one in flips}:
            own = [(target, weight) for s, target, weight in flips if s == source]
            whole = sum(weight for _, weight in own)
            rows = [i for i, y in labels.items() if y == source]
            for i in self.first("noise", rows, round(ratio * whole * len(rows))):
                at = 0.0
                for target, weight in own:
                    at += weight
                    if at / whole > key(seed, i) / 2**64:
                        found[i] = target
                        break
        return found

    def misspelt(self, texts: Texts, ratio: float, *place: str) -> Texts:
        """The texts of rows, a list by column, with some of their words misspelt."""
        words = {}
        for i, columns in texts.items():
            for c, text in enumerate(columns):
                for p, found in enumerate(re.finditer(r"[^\W\d_]{4,}", text)):
                    words[(i << 20) + (c << 16) + p] = (i, c, found)
        hit = self.first("typos", list(words), round(ratio * len(words)), *place)
        changed, seed = (
            {i: list(columns) for i, columns in texts.items()},
            self.seed("typos:letter", "perturbation", *place),
        )
        for number in reversed(hit):  # from the end of a text, so that places before it stay
            i, c, found = words[number]
            text = changed[i][c]
            new = typo(found[0], key(seed, number))
            changed[i][c] = text[: found.start()] + new + text[found.end() :]
        return changed

    def copied(self, rows: list[int], ratio: float, total: int) -> list[int]:
        """The numbers of the rows and their copies."""
        found, left, k = list(rows), round(ratio * len(rows)), 1
        while left:
            part = self.first("duplicates", rows, min(left, len(rows)))
            found += [i + k * total for i in part]
            left, k = left - len(part), k + 1
        return sorted(found)


def typo(word: str, q: int) -> str:
    n = len(word)
    a, q = q % 4, q // 4
    j, q = 1 + q % (n - 2), q // (n - 2)
    if a == 0:
        places = [i for i in range(1, n - 2) if word[i] != word[i + 1]]
        if places:
            at = places[q % len(places)]
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    near = neighbours(word[j])
    if a < 2 or not near:
        return word[:j] + word[j + 1 :]
    letter = near[q % len(near)]
    return word[: j + 1] + letter + word[j + 1 :] if a == 2 else word[:j] + letter + word[j + 1 :]


def neighbours(letter: str) -> list[str]:
    for row in KEYBOARD:
        at = row.find(letter.lower())
        if at >= 0:
            near = [row[i] for i in (at - 1, at + 1) if 0 <= i < len(row)]
            return [n.upper() for n in near] if letter != letter.lower() else near
    return []
