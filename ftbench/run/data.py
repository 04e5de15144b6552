"""Tokenised rows on the device, and batches gathered from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ftbench.run.seeding import keys, stream_seed


@dataclass(frozen=True)
class Batch:
    """Rows that are trained on together.

    Attributes:
        inputs: the model's arguments by name, shapes (rows, tokens); or whatever a user's module takes.
        labels: shape (rows,).
        rows: original row numbers.
        full_rows: rows of the whole batch, where this is a micro-batch of it.
        lengths: real tokens of every row.
        left: whether the padding stands on the left.
    """

    inputs: Any
    labels: Tensor
    rows: tuple[int, ...]
    full_rows: int
    lengths: tuple[int, ...] = ()
    left: bool = False

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def micro(self, parts: int, overhead: int | None = None) -> list[Batch]:
        """Split into micro-batches whose gradients add up to the batch's.

        Args:
            parts: accumulation: that many parts of nearly equal size, in order.
            overhead: what one more pass costs, in tokens: each part is then split by length, wherever less
                padding saves more than that; None splits no further.
        """
        edges = [round(i * len(self) / parts) for i in range(parts + 1)]
        pieces = [list(range(a, b)) for a, b in zip(edges, edges[1:], strict=False) if b > a]
        if overhead is not None and self.lengths:
            pieces = [cut for piece in pieces for cut in by_length(piece, self.lengths, overhead)]
        return [self] if len(pieces) == 1 else [self._part(piece) for piece in pieces]

    def twice(self) -> Batch:
        """All rows, and all of them again."""
        inputs = (
            {k: torch.cat([v, v]) for k, v in self.inputs.items()}
            if isinstance(self.inputs, Mapping)
            else torch.cat([self.inputs, self.inputs])
        )
        labels = torch.cat([self.labels, self.labels])
        return Batch(inputs, labels, self.rows * 2, self.full_rows * 2, self.lengths * 2, self.left)

    def _part(self, places: list[int]) -> Batch:
        lengths = tuple(self.lengths[i] for i in places) if self.lengths else ()
        index = torch.as_tensor(places, device=self.labels.device)

        def cut(x: Tensor) -> Tensor:
            chosen = x[index]
            if x.ndim < 2 or not lengths or x.shape[1] != max(self.lengths):
                return chosen
            return chosen[:, -max(lengths) :] if self.left else chosen[:, : max(lengths)]

        inputs = (
            {k: cut(v) for k, v in self.inputs.items()}
            if isinstance(self.inputs, Mapping)
            else cut(self.inputs)
        )
        rows = tuple(self.rows[i] for i in places)
        return Batch(inputs, self.labels[index], rows, self.full_rows, lengths, self.left)


def by_length(places: list[int], lengths: Sequence[int], overhead: int) -> list[list[int]]:
    """Split rows into groups of similar length: the fewest padded tokens, at ``overhead`` tokens a group.

    Args:
        places: which rows.
        lengths: real tokens of every row.
        overhead: price of a group, in tokens.

    Returns:
        The groups, the shortest rows first.
    """
    order = sorted(places, key=lambda i: (lengths[i], i))
    best: list[tuple[int, int]] = [(0, 0)]
    for end in range(1, len(order) + 1):
        width = lengths[order[end - 1]]
        best.append(min((best[start][0] + (end - start) * width + overhead, start) for start in range(end)))
    groups = []
    end = len(order)
    while end:
        start = best[end][1]
        groups.append(order[start:end])
        end = start
    return groups[::-1]


def _onto(device: torch.device, values: NDArray[Any]) -> Tensor:
    """An array on the device; a GPU goes on with the step before while it is copied."""
    return torch.from_numpy(values).to(device, non_blocking=True)


class Tokenised:
    """The token ids of rows, one flat tensor per input, on the device.

    Args:
        encoded: the tokenizer's lists by input name (``input_ids``, ``token_type_ids``), a list a row.
        rows: the original row numbers, in the order of ``encoded``.
        pad: the padding token's id.
        side: ``right`` or ``left`` padding.
        device: where the tensors are held.
    """

    def __init__(
        self,
        encoded: Mapping[str, Sequence[Sequence[int]]],
        rows: Sequence[int],
        pad: int,
        side: str,
        device: torch.device,
    ) -> None:
        """Flatten the lists once."""
        ids = encoded["input_ids"]
        self.lengths: NDArray[np.int64] = np.asarray([len(x) for x in ids], dtype=np.int64)
        self._start = (
            np.concatenate([[0], np.cumsum(self.lengths)[:-1]]) if len(ids) else np.zeros(0, np.int64)
        )
        self._place = {int(row): i for i, row in enumerate(rows)}
        self._pads = {"input_ids": pad}
        self._left, self.device = side == "left", device
        self._flat = {
            name: torch.as_tensor(
                np.concatenate([np.asarray(x, dtype=np.int64) for x in lists]), device=device
            )
            for name, lists in encoded.items()
            if name in ("input_ids", "token_type_ids")
        }

    def place(self, row: int) -> int:
        """Where an original row stands in ``lengths``."""
        return self._place[row]

    def gather(self, rows: Sequence[int], labels: Tensor) -> Batch:
        """A batch of these original rows, padded to the longest of them."""
        places = np.asarray([self._place[int(r)] for r in rows])
        lengths = self.lengths[places]
        width = int(lengths.max())
        offsets = np.arange(width)[None, :]
        if self._left:
            offsets = offsets - (width - lengths)[:, None]
        real = (offsets >= 0) & (offsets < lengths[:, None])
        index = _onto(self.device, np.where(real, self._start[places][:, None] + offsets, 0))
        mask = _onto(self.device, real)
        inputs = {
            name: flat[index].masked_fill(~mask, self._pads.get(name, 0)) for name, flat in self._flat.items()
        }
        inputs["attention_mask"] = mask.long()
        sizes = tuple(int(n) for n in lengths)
        return Batch(inputs, labels, tuple(int(r) for r in rows), len(rows), sizes, self._left)


class Batches:
    """Shuffled batches of a split, addressed by number, so that resuming needs no iterator state.

    The order of an epoch ranks the task's original rows by keys of (stream ``order``, task, seed, epoch):
    rows that several jobs have in common come in the same order in all of them.

    Args:
        data: the tokenised rows.
        rows: the original rows of this split.
        labels: their labels, shape (rows,), on the device.
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
        labels = self._labels[_onto(self._labels.device, positions)]
        return self._data.gather([int(r) for r in self._rows[positions]], labels)
