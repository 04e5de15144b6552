"""Feed: the batches that a run draws, split by split, and how many it has drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from ftbench.run.data import Batch


class BatchSource(Protocol):
    """Where a split's batches come from."""

    def batch(self, number: int) -> Batch:
        """The ``number``-th batch of the run, from 0."""

    def epoch(self, number: int, by_length: bool = False) -> Iterator[Batch]:
        """One whole pass, the shortest rows first where asked for and lengths are known."""


class Feed:
    """The batches of one run.

    Attributes:
        drawn: batches drawn so far, by split.
        epochs_drawn: passes begun so far, by split.
        tick: called at each batch of a pass; the trainer may stop the job there.
    """

    def __init__(self, sources: Mapping[str, BatchSource]) -> None:
        """Take where each split's batches come from."""
        self._sources = sources
        self.drawn: dict[str, int] = {}
        self.epochs_drawn: dict[str, int] = {}
        self.tick: Callable[[], None] = _nothing

    def next_batch(self, split: str) -> Batch:
        """The next batch of a split.

        Raises:
            ValueError: there are no such rows.
        """
        number = self.drawn.get(split, 0)
        self.drawn[split] = number + 1
        return self._source(split).batch(number)

    def epoch(self, split: str, by_length: bool) -> Iterator[Batch]:
        """One pass over a split in an order of its own, or by length.

        Raises:
            ValueError: there are no such rows.
        """
        number = self.epochs_drawn.get(split, 0)
        self.epochs_drawn[split] = number + 1
        return self._ticking(self._source(split).epoch(number, by_length))

    def _ticking(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.tick()
            yield batch

    def _source(self, split: str) -> BatchSource:
        if split not in self._sources:
            raise ValueError(f"the run has no '{split}' rows: set held_out_fraction on the method")
        return self._sources[split]


def _nothing() -> None:
    """What a batch of a pass over the rows tells where nobody listens."""
