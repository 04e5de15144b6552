"""Splitting: which micro-batches a batch is cut into, by what a pass costs and what padding costs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from ftbench.nn import structure, tables
from ftbench.run.data import Batch

# What starting one more pass costs on a CPU, as tokens times weights: 32 tokens of a 10.6M-weight encoder;
# four times that with several threads, which make tokens cheaper and meet at every operation of a pass.
PASS_OVERHEAD, WITH_THREADS = 3.4e8, 4


@dataclass(frozen=True)
class Splitting:
    """How the batches of one model are cut.

    Attributes:
        layer_weights: of its transformer layers, which every token passes; 1 or more.
        tables: its large embedding tables.
    """

    layer_weights: int
    tables: tuple[nn.Embedding, ...] = ()

    @classmethod
    def of(cls, model: nn.Module) -> Splitting:
        """That of a model as it is trained."""
        layers = structure.encoder_layers(model) or [model]
        weights = sum(p.numel() for layer in layers for p in layer.parameters())
        return cls(max(1, weights), tuple(tables.large_tables(model)))

    def micro_batches(self, batch: Batch, accumulation: int, alike: bool = False) -> list[Batch]:
        """What one pass each is made of: ``accumulation`` parts, cut further into rows of similar length.

        Where ``alike``, these are cut into rows with as many predictions each.
        """
        parts = batch.micro(accumulation, self.overhead(batch))
        return [one for part in parts for one in part.alike()] if alike else parts

    def overhead(self, batch: Batch) -> int | None:
        """What a further pass costs, in tokens: little on a CPU, where padding costs; too much on a GPU."""
        if batch.labels.device.type != "cpu" or not batch.lengths:
            return None
        times = 1 if torch.get_num_threads() == 1 else WITH_THREADS
        return max(8, round(times * PASS_OVERHEAD / self.layer_weights))

    def cheap_tables(self, batch: Batch) -> AbstractContextManager[None]:
        """Inside the block a further pass costs a large table no more than the rows it looks up, on a CPU."""
        return tables.rows_alone(self.tables if batch.labels.device.type == "cpu" else ())
