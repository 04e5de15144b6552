"""Copies of rows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.perturbations.rows import affected, perturbed, rows

TEN = rows([0, 1] * 5, texts=([f"row {i}" for i in range(10)],))


@pytest.mark.parametrize(("ratio", "added"), [(0.1, 1), (0.25, 2), (0.5, 5), (1.0, 10), (2.3, 23), (0.01, 0)])
def test_the_copies_are_the_ratio_of_the_rows(ratio: float, added: int) -> None:
    found = perturbed(TEN, "duplicates", ratio)
    assert len(found.numbers) == len(set(found.numbers.tolist())) == 10 + added
    assert found.numbers.tolist() == sorted(found.numbers.tolist())


def test_a_copy_has_its_rows_label_and_text() -> None:
    found = perturbed(TEN, "duplicates", 1.7)
    assert found.labels.tolist() == [n % 10 % 2 for n in found.numbers.tolist()]
    assert found.texts[0].tolist() == [f"row {n % 10}" for n in found.numbers.tolist()]


def test_every_row_is_copied_once_before_any_is_twice() -> None:
    counts = np.bincount(perturbed(TEN, "duplicates", 1.4).numbers % 10)
    assert sorted(counts.tolist()) == [2] * 6 + [3] * 4


def test_copies_of_a_smaller_ratio_are_among_those_of_a_larger() -> None:
    assert affected(TEN, "duplicates", 0.2) < affected(TEN, "duplicates", 0.6)
    few, many = (set(perturbed(TEN, "duplicates", ratio).numbers.tolist()) for ratio in (1.2, 1.6))
    assert few < many
