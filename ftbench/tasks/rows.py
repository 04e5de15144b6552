"""Rows: what every source of a task gives, and how a label is read."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.task import MULTI_LABEL, NO_LABEL, TOKEN_CLASSIFICATION, TaskSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """The rows of one set.

    Attributes:
        texts: the first sentences, and the second ones where the task has pairs. Of a task that labels words:
            one column, the words of a sentence joined by one space each; no word has a space in it.
        labels: class indices, or scores; in a multi-label task 0 or 1 for each of its labels; where words are
            labelled, the tag of every word, ``NO_LABEL`` where nothing is predicted for it.
    """

    texts: tuple[list[str], ...]
    labels: list[int] | list[float] | list[tuple[int, ...]]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.labels)


def rows_of(task: TaskSpec, texts: tuple[list[str], ...], labels: list[int | float]) -> Rows:
    """Rows with labels of the task's own type: integers for classes, floats for scores."""
    if task.regression:
        return Rows(texts, [float(label) for label in labels])
    return Rows(texts, [int(label) for label in labels])


def label_array(task: TaskSpec, labels: Sequence[Any]) -> NDArray[Any]:
    """The labels of rows as one array.

    Args:
        task: whose labels they are.
        labels: as `Rows` has them.

    Returns:
        Class numbers, int64, or numbers, float64, shape (rows,); multi-label: int64, 0 or 1, shape (rows,
        labels); words: int64, shape (rows, words of the longest), ``NO_LABEL`` behind the last.
    """
    import numpy as np

    if task.kind == MULTI_LABEL:
        return np.asarray(labels, dtype=np.int64).reshape(len(labels), task.outputs)
    if task.kind == TOKEN_CLASSIFICATION:
        found = np.full((len(labels), max(map(len, labels), default=0)), NO_LABEL, dtype=np.int64)
        for row, tags in zip(found, labels, strict=True):
            row[: len(tags)] = tags
        return found
    return np.asarray(labels, dtype=np.float64 if task.regression else np.int64)


def logits_by_row(task: TaskSpec, logits: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """Logits with rows first, as metrics have them.

    Args:
        task: whose they are.
        logits: as they are stored: (rows, outputs), or (labelled words, tags).
        labels: as ``label_array`` gives them.

    Returns:
        Where words are labelled: shape (rows, words, tags), 0 where nothing is predicted; else as they are.
    """
    import numpy as np

    if not task.by_word:
        return logits
    found = np.zeros((*labels.shape, task.outputs), dtype=logits.dtype)
    found[labels != NO_LABEL] = logits
    return found


def read_label(task: TaskSpec, written: object) -> int | float:
    """A label as a file or a data set writes it.

    Args:
        task: whose label it is.
        written: the text of a cell, or the value of a typed column (a class index, a number); a class index
            may be a float without a fraction, as columns become that once had a hole.

    Raises:
        ValueError: it is not one of the task's labels; the text says what would be.
    """
    if written is None or (isinstance(written, float) and math.isnan(written)):
        raise ValueError("no label")
    return _score(task, written) if task.regression else _class(task, written)


def class_named(task: TaskSpec, name: str) -> int | None:
    """The index of a class by its name, or by what files call it; None where the task has none such.

    Case and the choice of space, hyphen and underscore do not matter: ``Not entailment`` is
    ``not_entailment``.
    """
    known = {label: index for index, label in enumerate(task.labels)} | dict(task.label_names)
    if name in known:
        return known[name]
    return {plain_text(label): index for label, index in known.items()}.get(plain_text(name))


def plain_text(name: str) -> str:
    """A class's name without what writers choose freely: case, and how its words are joined."""
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def _class(task: TaskSpec, written: object) -> int:
    if isinstance(written, int | float):
        if written in range(len(task.labels)):
            return int(written)
        raise ValueError(f"label {written} is not one of 0 to {len(task.labels) - 1}")
    index = class_named(task, str(written))
    if index is None:
        wanted = ", ".join(task.label_names or task.labels)
        raise ValueError(f"label '{written}' is not one of {wanted}")
    return index


def _score(task: TaskSpec, written: object) -> float:
    try:
        value = float(str(written))
    except ValueError:
        raise ValueError(f"label '{written}' is not a number") from None
    low, high = task.label_range or (-math.inf, math.inf)
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"label {written} is outside {low:g} to {high:g}")
    return value
