"""Tokenised rows on the device, and the batches that they are gathered into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ftbench.domain.task import NO_LABEL

#: Beside a tokenizer's lists: the word that each token begins, -1 where it begins none.
WORDS = "words"


@dataclass(frozen=True)
class Batch:
    """Rows that are trained on together.

    Attributes:
        inputs: the model's arguments by name, shapes (rows, tokens); or whatever a user's module takes.
        labels: of every prediction, shape (predictions,): one a row where ``grid`` is None.
        rows: original row numbers.
        full_rows: rows of the whole batch, where this is a micro-batch of it.
        lengths: real tokens of every row.
        left: whether the padding stands on the left.
        grid: where rows have several predictions: their labels, shape (rows, labels), each 0 or 1; or shape
            (rows, tokens), ``NO_LABEL`` where nothing is predicted. ``labels`` are those of it, row by row.
        by_token: whether the grid is one of tokens.
    """

    inputs: Any
    labels: Tensor
    rows: tuple[int, ...]
    full_rows: int
    lengths: tuple[int, ...] = ()
    left: bool = False
    grid: Tensor | None = None
    by_token: bool = False

    @classmethod
    def of(
        cls,
        inputs: Any,
        labels: Tensor,
        rows: tuple[int, ...],
        full_rows: int,
        lengths: tuple[int, ...] = (),
        left: bool = False,
        by_token: bool = False,
    ) -> Batch:
        """A batch with labels of any kind: of shape (rows,), or a ``grid``."""
        if labels.ndim < 2:
            return cls(inputs, labels, rows, full_rows, lengths, left)
        flat = labels[labels != NO_LABEL] if by_token else labels.reshape(-1)
        return cls(inputs, flat, rows, full_rows, lengths, left, labels, by_token)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def predictions(self, logits: Tensor) -> Tensor:
        """A model's logits as those of single predictions, in the order of ``labels``.

        Args:
            logits: shape (rows, outputs); where tokens are labelled (rows, tokens, tags), perhaps with
                virtual tokens in front.

        Returns:
            Shape (predictions, classes). Of one label among several, which is 0 or 1, the classes are two,
            with the logits 0 and z: their softmax is the sigmoid of z.
        """
        if self.grid is None:
            return logits
        if self.by_token:
            return logits[:, -self.grid.shape[1] :][self.grid != NO_LABEL]
        z = logits.reshape(-1)
        return torch.stack([torch.zeros_like(z), z], -1)

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

    def alike(self) -> list[Batch]:
        """Parts whose rows have as many predictions each: a mean over these is then one over rows."""
        if self.grid is None or not self.by_token:
            return [self]
        by_count: dict[int, list[int]] = {}
        for place, count in enumerate((self.grid != NO_LABEL).sum(1).tolist()):
            by_count.setdefault(count, []).append(place)
        groups = [by_count[count] for count in sorted(by_count)]
        return [self] if len(groups) == 1 else [self._part(places) for places in groups]

    def twice(self) -> Batch:
        """All rows, and all of them again."""
        inputs = (
            {k: torch.cat([v, v]) for k, v in self.inputs.items()}
            if isinstance(self.inputs, Mapping)
            else torch.cat([self.inputs, self.inputs])
        )
        labels = torch.cat([self._given, self._given])
        lengths = self.lengths * 2
        return Batch.of(inputs, labels, self.rows * 2, self.full_rows * 2, lengths, self.left, self.by_token)

    @property
    def _given(self) -> Tensor:
        """The labels by row."""
        return self.labels if self.grid is None else self.grid

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
        labels = cut(self._given) if self.by_token else self._given[index]
        return Batch.of(inputs, labels, rows, self.full_rows, lengths, self.left, self.by_token)


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


def onto(device: torch.device, values: NDArray[Any]) -> Tensor:
    """An array on the device; a GPU goes on with the step before while it is copied."""
    return torch.from_numpy(values).to(device, non_blocking=True)


class Tokenised:
    """The token ids of rows, one flat tensor per input, on the device.

    Args:
        encoded: the tokenizer's lists by input name (``input_ids``, ``token_type_ids``), a list a row; and
            ``WORDS``, where words are labelled.
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
        self._pads = {"input_ids": pad, WORDS: -1}
        self._left, self.device = side == "left", device
        self._flat = {
            name: torch.as_tensor(
                np.concatenate([np.asarray(x, dtype=np.int64) for x in lists]), device=device
            )
            for name, lists in encoded.items()
            if name in ("input_ids", "token_type_ids", WORDS)
        }

    def place(self, row: int) -> int:
        """Where an original row stands in ``lengths``."""
        return self._place[row]

    def gather(self, rows: Sequence[int], labels: Tensor) -> Batch:
        """A batch of these original rows, padded to the longest of them.

        Args:
            rows: their numbers.
            labels: theirs, shape (rows,) or (rows, labels); where words are labelled, those of the words,
                shape (rows, words): the first token of each carries its label, all others ``NO_LABEL``.
        """
        places = np.asarray([self._place[int(r)] for r in rows])
        lengths = self.lengths[places]
        width = int(lengths.max())
        offsets = np.arange(width)[None, :]
        if self._left:
            offsets = offsets - (width - lengths)[:, None]
        real = (offsets >= 0) & (offsets < lengths[:, None])
        index = onto(self.device, np.where(real, self._start[places][:, None] + offsets, 0))
        mask = onto(self.device, real)
        inputs = {
            name: flat[index].masked_fill(~mask, self._pads.get(name, 0)) for name, flat in self._flat.items()
        }
        words = inputs.pop(WORDS, None)
        if words is not None and labels.ndim == 2:
            labels = labels.gather(1, words.clamp(min=0)).masked_fill(words < 0, NO_LABEL)
        inputs["attention_mask"] = mask.long()
        sizes = tuple(int(n) for n in lengths)
        numbers = tuple(int(r) for r in rows)
        return Batch.of(inputs, labels, numbers, len(rows), sizes, self._left, by_token=words is not None)

    def words_begun(self, rows: Sequence[int], count: int) -> NDArray[np.bool_]:
        """Which words of some rows a token begins: those that were not cut off; shape (rows, ``count``)."""
        flat = self._flat[WORDS].cpu().numpy()
        found = np.zeros((len(rows), count), dtype=np.bool_)
        for row, number in zip(found, rows, strict=True):
            place = self._place[int(number)]
            words = flat[self._start[place] : self._start[place] + self.lengths[place]]
            row[words[words >= 0]] = True
        return found
