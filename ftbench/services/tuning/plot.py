"""The figure of what a budget buys: a plot for each study, model and condition."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ftbench.db import Database
from ftbench.domain.task import TaskSpec
from ftbench.services.scores.jobs import reported
from ftbench.services.scores.own import own_methods, own_tasks
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.titles import called_of
from ftbench.services.tuning.budgets import Bought, bought

if TYPE_CHECKING:
    import pandas as pd

    from ftbench.render.plots.theme import Plot


def draw_budget(database: Database, selection: Selection) -> tuple[Plot, ...]:
    """The expected best score after so many trials.

    Raises:
        UnknownName: a name that nothing carries.
        NothingToReport: no search has ended.
        FtbenchError: the plotting packages are missing.
    """
    from ftbench.render.plots import curves, theme
    from ftbench.render.plots.looks import of_names

    theme.load_plotting()

    def place(one: Bought) -> tuple[str, str, str]:
        return one.study, one.model, one.condition

    found = sorted(bought(database, selection), key=place)
    trials = database.results.trials()
    tasks = own_tasks(database, trials)
    called = called_of((one.method for one in found), own_methods(database, trials), selection.naming)
    named = of_names(called)
    looks = {title: named[label] for label, title in called.items()}
    plots = []
    for (study, model, condition), mine in itertools.groupby(found, place):
        title = " · ".join(filter(None, (f"What a budget buys: {model}", condition, f"study {study}")))
        plots.append(curves.budget(_frame(list(mine), tasks, called), title, looks))
    return tuple(plots)


def _frame(found: list[Bought], own: Mapping[str, TaskSpec], called: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    shown = reported((one.task for one in found), (), (), own)
    rows = [
        {
            "task": shown[one.task].title,
            "metric": shown[one.task].metric,
            "label": called[one.method],
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
