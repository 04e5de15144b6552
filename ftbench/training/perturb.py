"""A perturbation applied to rows: the changes in their order, their random draws, and what is recorded.

Each change takes a prefix of one ranking of original row numbers, which depends on (task, seed) alone. So
the rows of a smaller ratio are among those of a larger one, and every method, model and recipe sees the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftbench import perturbations
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue, PluginError
from ftbench.perturbations import EVALUATION, NO_FILES, TRAINING, Draws, LabelledRows, Perturber, PluginFiles
from ftbench.run import seeding

Integers = NDArray[np.int64]
Texts = tuple[NDArray[np.object_], ...]


@dataclass(frozen=True)
class Perturbed:
    """The training rows that are left, and what was done to them.

    Attributes:
        rows: original row numbers, ascending; the k-th copy of row i of n is i + k·n; shape (N,).
        labels: of those rows, after noise; shape (N,), the type that was given.
        texts: of those rows, a column for each sentence; None where they are as they were.
        affected: for each change made, the numbers of the rows that it is about, ascending: kept by
            ``train_size``, removed by ``reduction``, mislabelled by ``noise``.
        digests: of ``rows``, of each of ``affected``, and of the rankings behind them (``ranking_…``), which
            are the same at every ratio.
    """

    rows: Integers
    labels: NDArray[Any]
    texts: Texts | None
    affected: dict[str, Integers]
    digests: dict[str, str]

    def only(self, chosen: NDArray[np.bool_]) -> Perturbed:
        """Some of the rows; ``chosen`` has the shape of ``rows``."""
        texts = self.texts and tuple(column[chosen] for column in self.texts)
        return replace(self, rows=self.rows[chosen], labels=self.labels[chosen], texts=texts)


def apply(
    task: TaskSpec,
    labels: NDArray[Any],
    perturbation: Perturbation,
    *,
    seed_of: Callable[[str], int],
    recipe: Recipe | None = None,
    texts: Texts = (),
    files: PluginFiles = NO_FILES,
) -> Perturbed:
    """Apply a perturbation to the training rows of a task.

    Args:
        task: the task.
        labels: of all its training rows, in the order of the file; shape (n,).
        perturbation: the changes.
        seed_of: the seed of a random stream by its name.
        recipe: of the job.
        texts: a column for each sentence of the rows, each of shape (n,).
        files: where perturbations that are not installed come from.

    Raises:
        BadValue: the task does not have this change, or no rows are left.
        UsageError, PluginError: a change that there is not.
    """
    count = len(labels)
    numbers = np.arange(count, dtype=np.int64)
    rows = LabelledRows(task, recipe or Recipe(), count, numbers, np.array(labels), texts)
    affected: dict[str, Integers] = {}
    digests: dict[str, str] = {}
    for one in perturbations.by_place(perturbation, files):
        reason = one.unsuitable(task, count)
        if reason:
            raise BadValue(f"{one.name} of {task.name}: {reason}")
        if TRAINING not in one.sides():
            continue
        draws = Draws(one.name, _source(seed_of(one.stream)))
        rows, affected[one.name] = one.perturb(rows, draws)
        if not len(rows.numbers):
            raise BadValue(f"{one.name} {one.settings.value:g} leaves no training rows of {task.name}")
        digests[f"ranking_{one.name}"] = seeding.digest(
            np.argsort(draws.keys(one.name, numbers), kind="stable")
        )
    digests |= {name: seeding.digest(found) for name, found in affected.items()}
    digests["rows"] = seeding.digest(rows.numbers)
    return Perturbed(rows.numbers, rows.labels, _changed(rows, texts), affected, digests)


def evaluated(
    task: TaskSpec,
    labels: NDArray[Any],
    texts: Texts,
    perturbation: Perturbation,
    *,
    name: str,
    seed_of: Callable[[str], int],
    recipe: Recipe | None = None,
    files: PluginFiles = NO_FILES,
) -> tuple[Texts | None, dict[str, str]]:
    """Apply to an evaluation set what of a perturbation is about evaluation rows.

    Args:
        task: whose rows they are.
        labels: theirs, shape (n,).
        texts: a column for each sentence, each of shape (n,).
        perturbation: the changes.
        name: of the set, as the job names it: each has draws of its own.
        seed_of: the seed of a random stream by its name.
        recipe: of the job.
        files: where perturbations that are not installed come from.

    Returns:
        The texts, None where they are as they were; and the digest of the rows of each change.

    Raises:
        PluginError: a change to which rows there are, or to their labels.
    """
    numbers = np.arange(len(labels), dtype=np.int64)
    rows = LabelledRows(task, recipe or Recipe(), len(labels), numbers, np.array(labels), texts)
    digests: dict[str, str] = {}
    for one in perturbations.by_place(perturbation, files):
        if EVALUATION in one.sides():
            rows, found = one.perturb(rows, Draws(one.name, _source(seed_of(one.stream), name)))
            digests[f"{one.name} of {name}"] = seeding.digest(found)
            _check(one, rows, numbers, labels)
    return _changed(rows, texts), digests


def _check(one: Perturber, rows: LabelledRows, numbers: Integers, labels: NDArray[Any]) -> None:
    if not np.array_equal(rows.numbers, numbers) or not np.array_equal(rows.labels, labels):
        raise PluginError(f"{one.name}: of evaluation rows it may change the texts alone")


def _changed(rows: LabelledRows, before: Texts) -> Texts | None:
    """The texts of rows; None where each row, left out, copied or neither, has its text still."""
    origins = rows.numbers % rows.total if rows.total else rows.numbers
    same = all(np.array_equal(now, then[origins]) for now, then in zip(rows.texts, before, strict=True))
    return None if same else rows.texts


def _source(seed: int, place: str = "") -> Callable[[str, Integers], NDArray[np.uint64]]:
    """Keys for what is drawn, each with a seed: rows removed and rows mislabelled must not be related."""

    def keys(what: str, numbers: Integers) -> NDArray[np.uint64]:
        text = f"{seed}\x1f{what}" + (f"\x1f{place}" if place else "")
        own = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
        return seeding.keys_of(numbers, own)

    return keys
