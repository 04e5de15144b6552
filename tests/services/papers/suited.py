"""Runs of a paper's methods made by hand, and the table that they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ftbench import methods, suites
from ftbench.domain import hparams
from ftbench.domain.topup import TopupPlan
from ftbench.metrics import Margins
from ftbench.render.suite_table import SuiteCell, SuiteReport
from ftbench.services.papers import report as suite_report
from ftbench.services.papers.report import SuiteSource
from ftbench.services.planning import suite_grid
from ftbench.services.scores.levels import Topped
from ftbench.services.scores.overflowed import SkippedUpdates
from tests.asked import asked
from tests.services.report_rows import Rows


class Suited(Rows):
    """Rows of a suite's methods, by default as the suites of the DPS paper train them."""

    def __init__(self, optimizer: str = "adamw_hf") -> None:
        super().__init__()
        self._optimizer = optimizer

    def add(
        self, method: str, task: str, scores: Iterable[float], variant: str = "paper", **more: Any
    ) -> None:
        """Jobs of seeds 0, 1, … with scores × 100."""
        cls = methods.find(method.partition("[")[0])
        given = dict(p.split("=") for p in method.partition("[")[2].rstrip("]").split(",") if p)
        values = hparams.normalise(hparams.identity(cls.resolve(given, variant)))
        brings = {"optimizer": self._optimizer, **cls.recipe_defaults(variant)}
        self.jobs(
            cls.name(),
            task,
            [s / 100 for s in scores],
            hparams_=values,
            brings=brings,
            **{"model": "bert-large", **more},
        )


def around(mean: float, spread: float, n: int = 10) -> list[float]:
    """n scores with this mean, half above it and half below."""
    return [mean + spread * (1 if i % 2 else -1) for i in range(n)]


def table(
    name: str,
    rows: Rows,
    margin: float | None = 1.0,
    topped: Sequence[Topped] = (),
    diverged: str = "chance",
    skipped_updates: Mapping[str, SkippedUpdates] | None = None,
    **given: Any,
) -> SuiteReport:
    axes = asked(**given)
    changed = suite_grid.adapted(suites.find(name), axes)
    source = SuiteSource(
        "my.db", rows.cells, rows.scores, topped=topped, skipped_updates=skipped_updates or {}
    )
    return suite_report.table(suites.find(name), changed, axes, source, Margins({}, margin), diverged)


def topped_up(rows: Rows, looks: int) -> list[Topped]:
    """As if one of the runs were of a plan of so many looks; their level is 0.05 divided by them."""
    plan = TopupPlan("p", (), 0.05, 0.0, tuple(range(30)), tuple(range(3, 3 + looks)))
    return [Topped(plan, frozenset({rows.cells[0].digest}))]


def cell(report: SuiteReport, row: str, column: str, group: str = "") -> SuiteCell:
    for section in report.sections:
        at = [head.title for head in section.columns]
        for one in section.groups:
            for line in one.rows:
                if (one.title, line.head.title) == (group, row) and column in at:
                    return line.cells[at.index(column)]
    raise AssertionError(f"no cell {group} {row} {column}")
