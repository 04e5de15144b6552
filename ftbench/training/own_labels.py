"""Labels of a user's own rows that have several each: of the row, or of its tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftbench.domain.task import NO_LABEL, TaskSpec


def several(written: Any, task: TaskSpec, real: NDArray[np.bool_]) -> tuple[int, ...]:
    """The labels of a row.

    Args:
        written: in a multi-label task 0 or 1 for each label; else a class for each token, ``NO_LABEL`` for
            those without.
        task: whose labels they are.
        real: which tokens are no padding, shape (tokens,).

    Returns:
        Those of the labels, or of the real tokens.

    Raises:
        ValueError: what is wrong, after "row 3".
    """
    tolist = getattr(written, "tolist", None)
    values = tolist() if tolist is not None else written
    wanted = len(real) if task.by_word else task.outputs
    if not isinstance(values, list | tuple) or len(values) != wanted:
        count = len(values) if isinstance(values, list | tuple) else 1
        raise ValueError(f"has {count} labels; give one for each of its {wanted} {_counted(task)}")
    known = {NO_LABEL, *range(task.outputs)} if task.by_word else {0, 1}
    for value in values:
        if value not in known:
            right = f"give 0 to {task.outputs - 1}, or {NO_LABEL} for none" if task.by_word else "give 0 or 1"
            raise ValueError(f"has label {value!r}; {right}")
    found = tuple(int(value) for value in values)
    if not task.by_word:
        return found
    kept = tuple(label for label, there in zip(found, real, strict=True) if there)
    if set(kept) == {NO_LABEL}:
        raise ValueError("has no token with a label")
    return kept


def _counted(task: TaskSpec) -> str:
    return "tokens" if task.by_word else "labels"
