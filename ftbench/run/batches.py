"""Batches: the order in which the rows of a split come."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ftbench.run.data import Batch, Tokenised, onto
from ftbench.run.seeding import keys, stream_seed


class Batches:
    """Shuffled batches of a split, addressed by number, so that resuming needs no iterator state.

    The order of an epoch ranks the task's original rows by keys of (stream ``order``, task, seed, epoch):
    rows that several jobs have in common come in the same order in all of them.

    Args:
        data: the tokenised rows.
        rows: the original rows of this split.
        labels: their labels, shape (rows,), or (rows, labels or words), on the device.
        batch_size: rows of a batch; the last of an epoch may be smaller.
        task: the task's name.
        seed: of the stream ``order``.
        split: ``train`` or ``held_out``.
    """

    def __init__(
        self,
        data: Tokenised,
        rows: NDArray[np.int64],
        labels: Tensor,
        *,
        batch_size: int,
        task: str,
        seed: int,
        split: str = "train",
    ) -> None:
        """Keep what is needed to rank."""
        self._data, self._rows, self._labels = data, rows, labels
        self._size, self._task, self._seed, self._split = batch_size, task, seed, split
        self._epoch: tuple[int, NDArray[np.int64]] = (-1, rows[:0])

    def __len__(self) -> int:
        """Batches of one epoch."""
        return -(-len(self._rows) // self._size)

    def batch(self, number: int) -> Batch:
        """The ``number``-th batch, from 0, counted through all epochs."""
        epoch, place = divmod(number, len(self))
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self.order(epoch))
        return self._gather(self._epoch[1][place * self._size : (place + 1) * self._size])

    def epoch(self, number: int, by_length: bool = False) -> Iterator[Batch]:
        """One pass over the split in an order of its own, which training does not use.

        Args:
            number: of the pass, from 0.
            by_length: the shortest rows first, so that batches need hardly any padding.
        """
        order = self.order(-1 - number)
        if by_length:
            places = [self._data.place(int(row)) for row in self._rows[order]]
            order = order[np.argsort(self._data.lengths[places], kind="stable")]
        for start in range(0, len(order), self._size):
            yield self._gather(order[start : start + self._size])

    def longest(self) -> Batch:
        """Of the batches of the first epoch the one that is padded to the most tokens."""
        order = self.order(0)
        lengths = self._data.lengths[[self._data.place(int(row)) for row in self._rows[order]]]
        cuts = [slice(start, start + self._size) for start in range(0, len(order), self._size)]
        return self._gather(order[max(cuts, key=lambda cut: int(lengths[cut].max()) * len(lengths[cut]))])

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Positions into the split's rows in the order of an epoch."""
        seed = stream_seed("order", self._task, self._seed, self._split, epoch)
        ranks = keys(int(self._rows.max()) + 1, seed)[self._rows]
        return np.argsort(ranks, kind="stable")

    def _gather(self, positions: NDArray[np.int64]) -> Batch:
        labels = self._labels[onto(self._labels.device, positions)]
        return self._data.gather([int(r) for r in self._rows[positions]], labels)
