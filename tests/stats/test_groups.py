import itertools

import numpy as np
import pytest

from ftbench.stats.groups import letters


def told_apart(count, pairs):
    matrix = np.zeros((count, count), dtype=bool)
    for one, other in pairs:
        matrix[one, other] = matrix[other, one] = True
    return matrix


@pytest.mark.parametrize(
    ("count", "pairs", "expected"),
    [
        (0, [], ()),
        (1, [], ("a",)),
        (3, [], ("a", "a", "a")),
        (3, [(0, 2)], ("a", "ab", "b")),
        (3, [(0, 1), (0, 2), (1, 2)], ("a", "b", "c")),
        (4, [(0, 2), (0, 3), (1, 3)], ("a", "ab", "bc", "c")),
    ],
)
def test_methods_not_told_apart_share_a_letter(count, pairs, expected):
    assert letters(told_apart(count, pairs)) == expected


def test_two_methods_share_a_letter_exactly_where_they_are_not_told_apart():
    rng = np.random.default_rng(2)
    for _ in range(50):
        different = np.triu(rng.random((7, 7)) < 0.4, 1)
        different |= different.T
        found = [set(text) for text in letters(different)]
        for one, other in itertools.combinations(range(7), 2):
            assert bool(found[one] & found[other]) == (not different[one, other])


def test_letters_go_on_after_z():
    found = letters(~np.eye(28, dtype=bool))
    assert found[25:] == ("z", "a1", "b1")
