"""What a format is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftbench.render.sheet import Sheet
    from ftbench.render.suite_table import SuiteReport
    from ftbench.render.table import Report


@dataclass(frozen=True)
class Screen:
    """What a text is read on.

    Attributes:
        width: the columns of the terminal.
        styled: whether it takes bold and underline, as terminal codes.
    """

    width: int = 120
    styled: bool = False


@dataclass(frozen=True)
class Format:
    """A way to write tables; its name is that of its file. Every text ends in a newline.

    Attributes:
        suffix: the end of a file's name that asks for it, such as ``.md``.
        report: writes a report.
        suites: writes papers' tables; None: as a report whose cells are words.
        sheets: writes lists of findings, given the name of the JSON document's form, too; None: it does not.
    """

    suffix: str
    report: Callable[[Report, Screen], str]
    suites: Callable[[Sequence[SuiteReport], Screen], str] | None = None
    sheets: Callable[[Sequence[Sheet], str, Screen], str] | None = None
