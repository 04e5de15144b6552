"""The figure of what a budget buys: a plot for each study, model and condition."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ftbench.db import Database
from ftbench.domain.task import TaskSpec
from ftbench.services.scores.jobs import reported
from ftbench.services.scores.own import own_tasks
from ftbench.services.scores.selection import Selection
from ftbench.services.tuning.budgets import Bought, bought

if TYPE_CHECKING:
    import pandas as pd


def draw_budget(database: Database, selection: Selection) -> dict[str, Any]:
    """The expected best score after so many trials.

    Raises:
        UnknownName: a name that nothing carries.
        NothingToReport: no search has ended.
        FtbenchError: the plotting packages are missing.
    """
    from ftbench.render.plots import curves, theme

    theme.load_plotting()

    def place(one: Bought) -> tuple[str, str, str]:
        return one.study, one.model, one.condition

    found = sorted(bought(database, selection), key=place)
    own = own_tasks(database, database.results.trials())
    plots = []
    for (study, model, condition), mine in itertools.groupby(found, place):
        title = " · ".join(filter(None, (f"What a budget buys: {model}", condition, f"study {study}")))
        plots.append(curves.budget(_frame(list(mine), own), title))
    return theme.stacked(plots)


def _frame(found: list[Bought], own: Mapping[str, TaskSpec]) -> pd.DataFrame:
    import pandas as pd

    shown = reported((one.task for one in found), (), (), own)
    rows = [
        {
            "task": shown[one.task].title,
            "metric": shown[one.task].metric,
            "label": one.method,
            "x": at + 1,
            "mean": 100 * float(values.mean()),
            "std": 100 * float(values.std(ddof=1)) if len(values) > 1 else 0.0,
            "low": 100 * float(values.min()),
            "high": 100 * float(values.max()),
            "count": len(values),
        }
        for one in found
        for at, values in enumerate(one.best.T)
    ]
    return pd.DataFrame(rows)
