"""Rows: what every source of a task gives, and how a label is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ftbench.domain.task import TaskSpec


@dataclass(frozen=True)
class Rows:
    """The rows of one set.

    Attributes:
        texts: the first sentences, and the second ones where the task has pairs.
        labels: class indices, or scores.
    """

    texts: tuple[list[str], ...]
    labels: list[int] | list[float]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.labels)


def make(task: TaskSpec, texts: tuple[list[str], ...], labels: list[int | float]) -> Rows:
    """Rows with labels of the task's own type: integers for classes, floats for scores."""
    if task.regression:
        return Rows(texts, [float(label) for label in labels])
    return Rows(texts, [int(label) for label in labels])


def read_label(task: TaskSpec, written: object) -> int | float:
    """A label as a file or a data set writes it.

    Args:
        task: whose label it is.
        written: the text of a cell, or the value of a typed column (a class index, a number).

    Raises:
        ValueError: it is not one of the task's labels; the text says what would be.
    """
    return _score(task, written) if task.regression else _class(task, written)


def _class(task: TaskSpec, written: object) -> int:
    if isinstance(written, int):
        if 0 <= written < len(task.labels):
            return written
        raise ValueError(f"label {written} is not one of 0 to {len(task.labels) - 1}")
    known = {name: index for index, name in enumerate(task.labels)} | dict(task.label_names)
    if str(written) in known:
        return known[str(written)]
    wanted = ", ".join(task.label_names or task.labels)
    raise ValueError(f"label '{written}' is not one of {wanted}")


def _score(task: TaskSpec, written: object) -> float:
    try:
        value = float(str(written))
    except ValueError:
        raise ValueError(f"label '{written}' is not a number") from None
    low, high = task.label_range or (-math.inf, math.inf)
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"label {written} is outside {low:g} to {high:g}")
    return value
