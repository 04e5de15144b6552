"""Kinds of jobs, and the SQL that leaves them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Jobs that are alike in what is named; None stands for any.

    Attributes:
        digest: one job alone.
        model, model_revision: of the model.
        task, data_revision: of the task.
        method: its name.
        train_size: rows of the training subset; 0: all.
    """

    digest: str | None = None
    model: str | None = None
    model_revision: str | None = None
    task: str | None = None
    data_revision: str | None = None
    method: str | None = None
    train_size: int | None = None


def besides(kinds: Sequence[Kind]) -> tuple[str, dict[str, str | int]]:
    """The condition that a job is of none of these kinds, to be added to others, and its values.

    Returns:
        ``AND NOT (…) …``, "" where there are no kinds; and parameter -> value.
    """
    text, values = "", dict[str, str | int]()
    for at, kind in enumerate(dict.fromkeys(kinds)):
        named = {f"{column}_{at}": value for column, value in vars(kind).items() if value is not None}
        equal = " AND ".join(f"{_column(name.rpartition('_')[0])} = :{name}" for name in named)
        text += f"AND NOT ({equal or '1 = 1'}) "
        values.update(named)
    return text, values


def _column(name: str) -> str:
    """What is compared; a job with the whole training set has no size."""
    return "coalesce(train_size, 0)" if name == "train_size" else name
