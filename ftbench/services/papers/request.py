"""What was asked for of a paper: a table beside ours, or the printed numbers alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftbench.errors import UnknownName
from ftbench.metrics import Margins
from ftbench.services.planning.asked import Asked
from ftbench.services.scores.jobs import AS_DIVERGED, CHANCE

SHOWN = ("mean", "max", "std")
"""What papers print of a cell."""


@dataclass(frozen=True)
class SuiteRequest:
    """A suite's table, or those of the suites of a short name.

    Attributes:
        name: of the suite or suites.
        asked: axes in the place of the paper's.
        margins: within which two means agree.
        show: what is shown of each cell, of ``SHOWN``; () for what the paper prints.
        diverged: what runs of ours that diverged count as: ``chance`` or ``missing``.

    Raises:
        UnknownName: there is no such way to count them, or no such statistic.
    """

    name: str
    asked: Asked = field(default_factory=Asked)
    margins: Margins = field(default_factory=Margins)
    diverged: str = CHANCE
    show: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a way to count that there is not, and statistics that papers do not print."""
        for name in self.show:
            if name not in SHOWN:
                raise UnknownName("statistic of a suite", name, SHOWN)
        if self.diverged not in AS_DIVERGED:
            raise UnknownName("--diverged", self.diverged, AS_DIVERGED)


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
