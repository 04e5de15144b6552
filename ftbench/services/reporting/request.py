"""What a report was asked for: which jobs, which table, and what its cells show."""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.domain import axes
from ftbench.errors import UsageError
from ftbench.services.scores.selection import Selection
from ftbench.stats import statistics

CURVES = "curves"


@dataclass(frozen=True)
class ReportRequest(Selection):
    """The flags' texts, None where a flag was not given.

    Attributes:
        table: the layout's name.
        show: the statistics to show, with commas; None for those of the layout.
        collapsed: whether runs that collapsed count.
    """

    table: str = "main"
    show: str | None = None
    collapsed: bool = True

    def statistics(self) -> tuple[str, ...]:
        """The statistics to show; () for those of the layout.

        Raises:
            UnknownName: there is no such statistic.
            UsageError: the table's cells are estimates, not statistics of scores.
        """
        names = axes.names(self.show or "")
        if names and self.table == CURVES:
            raise UsageError(f"--show does not go with the table '{self.table}'; leave one of the two out")
        for name in names:
            statistics.find(name)
        return names
