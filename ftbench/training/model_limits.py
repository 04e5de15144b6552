"""What a model can read of what its tokenizer gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftbench.errors import ModelError

RowsOfNumbers = Sequence[Sequence[int]]


@dataclass(frozen=True)
class ModelLimits:
    """What a model can read; 0: no limit.

    Attributes:
        positions: tokens of a text.
        tokens: rows of the word embedding.
        types: rows of the embedding of segments.
    """

    positions: int = 0
    tokens: int = 0
    types: int = 0

    def cut(self, length: int) -> int:
        """A length, or where the positions end."""
        return min(length, self.positions or length)

    def within(self, numbers: RowsOfNumbers, kind: str) -> RowsOfNumbers:
        """The numbers of tokens or segments of some rows; where a model has one segment, all are 0.

        Args:
            numbers: of each row.
            kind: ``input_ids`` or ``token_type_ids``.

        Raises:
            ModelError: the model has no such token or segment.
        """
        rows = self.tokens if kind == "input_ids" else self.types
        most = max((max(row, default=0) for row in numbers), default=0)
        if not rows or most < rows:
            return numbers
        if kind == "token_type_ids" and rows == 1:
            return [[0] * len(row) for row in numbers]
        what, part = ("token", "word") if kind == "input_ids" else ("segment", "segment")
        raise ModelError(
            f"the tokenizer gives {what} {most}, but the model's {part} embedding ends at {rows - 1}:"
            " take the tokenizer that the model was trained with"
        )
