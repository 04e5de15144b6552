"""Calling: one pass of a model over a batch, in the recipe's precision, with what is done to activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ftbench.nn import activations
from ftbench.run.data import Batch

Call = Callable[[nn.Module, Any, int], Tensor]
#: What a recipe's precision computes in under autocast; fp32 has none.
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Caller:
    """Calls the model of a run.

    Attributes:
        recorded: whether passes are made by a function of the user's, which supplies recorded dropout.
    """

    def __init__(self, precision: str, call: Call | None = None) -> None:
        """Take the recipe's precision and, where passes are recorded, (model, inputs, pass) -> logits."""
        self.recorded = call is not None
        self._call, self._half = call or _call_model, HALF.get(precision)

    def logits(
        self,
        model: nn.Module,
        batch: Batch,
        number: int,
        embeddings: Callable[[Tensor], Tensor] | None,
        layers: Callable[[Tensor, int], Tensor] | None,
    ) -> Tensor:
        """The logits of pass ``number`` of a step, shape (rows, outputs), in float32 or wider."""
        with self._changed(model, batch, embeddings, layers), self._autocast(batch):
            logits = self._call(model, batch.inputs, number)
        return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits

    @contextmanager
    def full_precision(self) -> Iterator[None]:
        """No autocast inside the block."""
        half, self._half = self._half, None
        try:
            yield
        finally:
            self._half = half

    def _changed(self, model: nn.Module, batch: Batch, embeddings: Any, layers: Any) -> Any:
        if embeddings is None and layers is None:
            return nullcontext()
        return activations.changed(model, batch.inputs, embeddings, layers)

    def _autocast(self, batch: Batch) -> Any:
        if self._half is None:
            return nullcontext()
        return torch.autocast(batch.labels.device.type, dtype=self._half)


def _call_model(model: nn.Module, inputs: Any, number: int) -> Tensor:
    output = model(**inputs) if isinstance(inputs, Mapping) else model(inputs)
    logits: Tensor = output.logits if hasattr(output, "logits") else output
    return logits
