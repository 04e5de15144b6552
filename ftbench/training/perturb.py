"""The changes to the training data: a subset, fewer rows of class 1, wrong labels; in this order.

Each takes a prefix of one ranking of original row numbers, which depends on (task, seed) alone. So the rows
of a smaller ratio are among those of a larger one, and every method, model and recipe sees the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftbench.domain.perturbation import Perturbation, check
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue
from ftbench.run import seeding

Integers = NDArray[np.int64]

QUANTILES = 10  # the classes of a regression task, for stratifying


@dataclass(frozen=True)
class Perturbed:
    """The training rows that are left, and what was done to them.

    Attributes:
        rows: original row numbers, ascending; shape (N,).
        labels: of those rows, after noise; shape (N,), the type that was given.
        affected: for each change made, the original row numbers, ascending: kept by ``train_size``, removed
            by ``reduction``, mislabelled by ``noise``.
        digests: of ``rows``, of each of ``affected``, and of the rankings behind them (``ranking_…``), which
            are the same at every ratio.
    """

    rows: Integers
    labels: NDArray[Any]
    affected: dict[str, Integers]
    digests: dict[str, str]


def apply(
    task: TaskSpec,
    labels: NDArray[Any],
    perturbation: Perturbation,
    *,
    seed_of: Callable[[str], int],
    subset: str = "stratified",
) -> Perturbed:
    """Apply a perturbation to the training rows of a task.

    Args:
        task: the task.
        labels: of all its training rows, in the order of the file; shape (n,).
        perturbation: the changes.
        seed_of: the seed of a random stream by its name; ``subset`` and ``perturbation`` are asked for.
        subset: ``stratified`` or ``uniform``: how ``train_size`` draws.

    Raises:
        BadValue: the task does not have this change, ``train_size`` exceeds the rows, or none are left.
    """
    reason = check(task, perturbation)
    if reason:
        raise BadValue(reason)
    labels = np.array(labels)
    count = len(labels)
    ranks = {
        "train_size": _ranks(count, seed_of("subset"), "train_size"),
        "reduction": _ranks(count, seed_of("perturbation"), "reduction"),
        "noise": _ranks(count, seed_of("perturbation"), "noise"),
    }
    affected: dict[str, Integers] = {}
    present = np.arange(count, dtype=np.int64)
    if perturbation.train_size is not None:
        if perturbation.train_size > count:
            raise BadValue(
                f"train_size {perturbation.train_size} exceeds the {count} training rows of {task.name}"
            )
        kept = subset_order(task, labels, ranks["train_size"], subset)[: perturbation.train_size]
        present = affected["train_size"] = np.sort(kept)
    if perturbation.reduction:
        removed = reduced(labels, present, ranks["reduction"], perturbation.reduction)
        affected["reduction"] = removed
        present = np.setdiff1d(present, removed)
    if not len(present):
        raise BadValue(f"reduction {perturbation.reduction:g} leaves no training rows of {task.name}")
    if perturbation.noise:
        hit = mislabelled(present, ranks["noise"], perturbation.noise)
        labels[hit] = wrong_labels(labels[hit], hit, len(task.labels), _key(seed_of("perturbation"), "label"))
        affected["noise"] = hit
    digests = {"rows": seeding.digest(present)}
    digests |= {kind: seeding.digest(rows) for kind, rows in affected.items()}
    digests |= {f"ranking_{kind}": seeding.digest(rank) for kind, rank in ranks.items()}
    return Perturbed(present, labels[present], affected, digests)


def subset_order(task: TaskSpec, labels: NDArray[Any], ranks: Integers, subset: str) -> Integers:
    """All row numbers in an order whose every prefix is a sample of its size.

    Uniform: by rank. Stratified: the k-th row of its class (from 0) stands at (k + ½) / class size, so that
    each prefix holds every class at its share, and a larger sample contains the smaller. For two classes the
    counts are those of largest remainders; for more, largest remainders would not be nested.

    Returns:
        Row numbers, shape (n,).
    """
    if subset == "uniform":
        return np.argsort(ranks, kind="stable")
    strata = quantile_bins(labels) if task.regression else labels
    position = np.empty(len(labels), dtype=np.float64)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        members = members[np.argsort(ranks[members], kind="stable")]
        position[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.lexsort((ranks, position)).astype(np.int64)


def quantile_bins(values: NDArray[Any]) -> Integers:
    """The tenth of the data that each value falls into; equal values fall into the same one.

    Scores of a regression task repeat and some occur once, so that the values themselves cannot be classes.

    Returns:
        Numbers in [0, 10), shape (n,); some may not occur.
    """
    below = np.searchsorted(np.sort(values), values, side="left")
    return (below * QUANTILES) // len(values)


def reduced(labels: NDArray[Any], present: Integers, ranks: Integers, ratio: float) -> Integers:
    """The rows with label 1 that a reduction removes: ``round(ratio * n1)`` of those present.

    Returns:
        Row numbers, ascending.
    """
    ones = present[labels[present] == 1]
    return _first(ones, ranks, round(ratio * len(ones)))


def mislabelled(present: Integers, ranks: Integers, ratio: float) -> Integers:
    """The rows that get a wrong label: ``round(ratio * N)`` of those present.

    Returns:
        Row numbers, ascending.
    """
    return _first(present, ranks, round(ratio * len(present)))


def wrong_labels(labels: Integers, rows: Integers, classes: int, seed: int) -> Integers:
    """A wrong label for each row: the other class of two, one of the others at random of more.

    A row's draw depends on (seed, row) alone, so that it stays the same at every ratio.

    Args:
        labels: the right ones, shape (m,).
        rows: the original row numbers, shape (m,).
        classes: how many there are.
        seed: of the draws.

    Returns:
        Labels, shape (m,).
    """
    if not len(rows):
        return labels
    draws = seeding.keys(int(rows.max()) + 1, seed)[rows]
    shift = 1 + (draws % np.uint64(classes - 1)).astype(np.int64)
    return (labels + shift) % classes


def _first(rows: Integers, ranks: Integers, count: int) -> Integers:
    return np.sort(rows[np.argsort(ranks[rows], kind="stable")][:count])


def _ranks(count: int, seed: int, kind: str) -> Integers:
    """Each row's place in the ranking; shape (count,)."""
    ranks = np.empty(count, dtype=np.int64)
    ranks[seeding.ranking(count, _key(seed, kind))] = np.arange(count, dtype=np.int64)
    return ranks


def _key(seed: int, kind: str) -> int:
    """A seed for each kind of change, or the rows removed and those mislabelled would be related."""
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{kind}".encode()).digest()[:8], "big") >> 1
