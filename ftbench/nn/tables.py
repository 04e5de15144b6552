"""Embedding tables: gradients of the rows that were looked up, without the millions of zeros around them.

A dense gradient of a word table is filled with zeros and added up once a pass: for a small encoder on a CPU a
tenth of the step, and most of what splitting a batch costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn

#: Weights from which a table counts as large.
LARGE = 1 << 20


def large_tables(model: nn.Module) -> list[nn.Embedding]:
    """The large embedding tables of a model whose gradient is that of plain look-ups."""
    return [
        module
        for module in model.modules()
        if isinstance(module, nn.Embedding)
        and isinstance(module.weight, nn.Parameter)
        and module.weight.numel() >= LARGE
        and not (module.sparse or module.scale_grad_by_freq or module.max_norm)
    ]


@contextmanager
def rows_alone(tables: Sequence[nn.Embedding]) -> Iterator[None]:
    """Passes and backward passes inside the block add up rows; the gradients are whole at its end.

    Args:
        tables: on a CPU; trained or not.
    """
    for table in tables:
        table.sparse = True
    try:
        yield
    finally:
        for table in tables:
            table.sparse = False
            if table.weight.grad is not None and table.weight.grad.is_sparse:
                table.weight.grad = table.weight.grad.to_dense()
