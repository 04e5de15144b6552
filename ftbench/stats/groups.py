"""Compact letter display: methods that cannot be told apart share a letter."""

from __future__ import annotations

from collections.abc import Sequence

from ftbench.stats.aggregate import BoolArray


def letters(different: BoolArray) -> tuple[str, ...]:
    """The letters of each method: two share one exactly where they are not told apart.

    By insertion and absorption (Piepho 2004, J. Comput. Graph. Stat. 13): begin with one group of all; split
    each group that holds a pair told apart; drop groups inside others.

    Args:
        different: (methods, methods), symmetric: the pairs that are told apart; the methods in the order of
            the table, which is that of the letters.
    """
    count = len(different)
    groups = [frozenset(range(count))] if count else []
    for one in range(count):
        for other in range(one + 1, count):
            if different[one, other]:
                groups = _split(groups, one, other)
    groups.sort(key=sorted)
    return tuple(
        "".join(_letter(at) for at, group in enumerate(groups) if method in group) for method in range(count)
    )


def _split(groups: Sequence[frozenset[int]], one: int, other: int) -> list[frozenset[int]]:
    halves: list[frozenset[int]] = []
    for group in groups:
        halves += [group - {one}, group - {other}] if {one, other} <= group else [group]
    kept = list(dict.fromkeys(halves))
    return [group for group in kept if not any(group < larger for larger in kept)]


def _letter(at: int) -> str:
    """Letters a to z, then a1 to z1, and so on."""
    return chr(ord("a") + at % 26) + (str(at // 26) if at >= 26 else "")
