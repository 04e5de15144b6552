"""What a statistic is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftbench.stats.aggregate import FloatArray


@dataclass(frozen=True)
class Statistic:
    """A number that says something of a task's scores; its name is that of its file.

    Attributes:
        title: in words, without its name.
        of: from the scores (seeds, tasks), NaN for a run that is missing, to (tasks,); NaN where it says
            nothing. Nothing may warn.
        detail: what must be known beside the title, such as ``ddof 1``.
        level: whether it says how high scores are. More of it is then better, so that it competes for marks,
            and averages over tasks and differences have it, too; a spread does none of that.
    """

    title: str
    of: Callable[[FloatArray], FloatArray]
    detail: str = ""
    level: bool = True
