"""Rows and draws for the tests of perturbations."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftbench import tasks
from ftbench.domain.perturbation import Change
from ftbench.domain.recipe import Recipe
from ftbench.perturbations import Draws, LabelledRows, find
from ftbench.run.seeding import keys_of


def rows(labels: Any, task: str = "cola", texts: tuple[list[str], ...] = ()) -> LabelledRows:
    """Rows with these labels, all of the file."""
    found = np.asarray(labels)
    columns = tuple(np.array(column, dtype=np.object_) for column in texts)
    return LabelledRows(tasks.find(task), Recipe(), len(found), np.arange(len(found)), found, columns)


def draws(name: str, seed: int = 0) -> Draws:
    """Draws that depend on what is drawn and the number alone."""

    def source(what: str, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
        own = int.from_bytes(hashlib.sha256(f"{seed} {what}".encode()).digest()[:7], "big")
        return keys_of(numbers, own)

    return Draws(name, source)


def perturbed(given: LabelledRows, name: str, value: float, seed: int = 0, **options: Any) -> LabelledRows:
    """The rows after one change."""
    change = Change(name, value, tuple(sorted(options.items())))
    return find(name).made(change).perturb(given, draws(name, seed))[0]


def affected(given: LabelledRows, name: str, value: float, **options: Any) -> set[int]:
    """The numbers of the rows that one change is about."""
    change = Change(name, value, tuple(sorted(options.items())))
    return set(find(name).made(change).perturb(given, draws(name))[1].tolist())
