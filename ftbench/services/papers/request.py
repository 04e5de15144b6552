"""What was asked for of a paper: a table beside ours, or the printed numbers alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftbench.errors import BadValue
from ftbench.services.planning.asked import Asked

MARGIN = 1.0


@dataclass(frozen=True)
class SuiteRequest:
    """A suite's table, or those of the suites of a short name.

    Attributes:
        name: of the suite or suites.
        asked: axes in the place of the paper's.
        margin: points within which two means agree, in (0, 100).

    Raises:
        BadValue: a margin that is none.
    """

    name: str
    asked: Asked = field(default_factory=Asked)
    margin: float = MARGIN

    def __post_init__(self) -> None:
        """Refuse a margin that is none."""
        if not 0 < self.margin < 100:
            raise BadValue(f"margin {self.margin:g}: give points above 0 and below 100, such as 1")


@dataclass(frozen=True)
class PrintedRequest:
    """The printed numbers of papers.

    Attributes:
        title: what they are called, as it was typed.
        paper: whose; None for every one's.
        exhibit: of which table; None for every one.
    """

    title: str
    paper: str | None = None
    exhibit: str | None = None
