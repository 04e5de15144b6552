"""What a report was asked for: which jobs, which table, and what its cells show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ftbench.errors import UnknownName, UsageError
from ftbench.render.layouts import LAYOUTS, Axis, Layout
from ftbench.services.scores.jobs import AS_DIVERGED, CHANCE
from ftbench.services.scores.rescored import MetricChoice
from ftbench.services.scores.selection import Selection
from ftbench.stats import statistics
from ftbench.stats.family import ESTIMANDS, MEAN

CURVES = "curves"
TUNED = (UNTUNED, ONLY_TUNED, BOTH) = ("no", "only", "both")


@dataclass(frozen=True)
class ReportRequest:
    """A table of the database's jobs.

    Attributes:
        selection: which jobs; its baseline is what differences are taken to.
        table: the layout's name.
        show: the statistics to show; () for those of the layout.
        collapsed: whether runs that collapsed count.
        estimand: what marks are about: ``mean``, ``probability`` or ``two-part``.
        diverged: what runs that diverged count as: ``chance`` or ``missing``.
        tuned: whether runs with a study's choices are shown: ``no``, ``only``, or ``both``, in tables apart.
        metric: what runs are scored by; None: what each task reports.

    Raises:
        UnknownName: there is no such table or statistic.
        UsageError: the table's cells are estimates, not statistics of scores.
    """

    selection: Selection = field(default_factory=Selection)
    table: str = "main"
    show: tuple[str, ...] = ()
    collapsed: bool = True
    diverged: str = CHANCE
    estimand: str = MEAN
    tuned: str = UNTUNED
    metric: MetricChoice | None = None

    def __post_init__(self) -> None:
        """Refuse a table that there is not."""
        if self.table not in LAYOUTS:
            raise UnknownName("table", self.table, LAYOUTS)
        if self.show and self.table == CURVES:
            raise UsageError(f"--show does not go with the table '{self.table}'; leave one of the two out")
        if self.estimand not in ESTIMANDS:
            raise UnknownName("--estimand", self.estimand, ESTIMANDS)
        if self.diverged not in AS_DIVERGED:
            raise UnknownName("--diverged", self.diverged, AS_DIVERGED)
        if self.tuned not in TUNED:
            raise UnknownName("--tuned", self.tuned, TUNED)
        for name in self.show:
            statistics.find(name)

    def layout(self, axes: Sequence[Axis]) -> Layout:
        """The layout for these perturbations, with the statistics that were asked for."""
        if self.metric is not None:  # the one that is asked for stands alone
            axes = [replace(axis, metric="") for axis in axes]
        return LAYOUTS[self.table](axes).showing(self.show)
