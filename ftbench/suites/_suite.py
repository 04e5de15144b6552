"""Suite: a table or figure of a paper, as grids to queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: The axes that a suite may give: the queue command's flags of the same names.
AXES = ("methods", "tasks", "models", "seeds", "noise", "reduction", "train_size")


@dataclass(frozen=True)
class Suite:
    """A table or figure of a paper.

    Attributes:
        name: ``paper/table``, as users type it.
        title: what it shows.
        axes: one mapping per grid, from the name of an axis to its value as the flag takes it; the jobs of
            the grids are queued together, each once.
        protocol: what the paper does, where a reader should know it.
    """

    name: str
    title: str
    axes: tuple[Mapping[str, str], ...]
    protocol: str = ""
