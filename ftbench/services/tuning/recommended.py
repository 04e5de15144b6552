"""Recommended: the values that a method's searches chose in a database, as a starting point."""

from __future__ import annotations

from typing import Any

from ftbench.db import Database
from ftbench.services.scores.searches import searches
from ftbench.services.tuning.values import departures, spelled


def recommended(database: Database, method: str) -> list[dict[str, Any]]:
    """What was chosen for a method on each model and task, with where it comes from; [] for nothing.

    Args:
        database: with its studies.
        method: by its name.
    """
    rows = []
    for one in searches(database):
        chosen, start = one.chosen, one.start
        if start.method != method or chosen is None or chosen.run is None:
            continue
        values = departures(chosen.run.recipe, chosen.run.hparams, start.recipe, start.hparams)
        rows.append(
            {
                "model": start.model,
                "task": start.task,
                "data": ", ".join(change.spoken for change in start.perturbation.changes),
                "method": one.method,
                "values": spelled(values),
                "held out": round(100 * (chosen.score or 0.0), 2),
                "from": f"study {one.study.name} ({one.repeat}), draw {chosen.draw} of {len(one.tried)}",
            }
        )
    return rows
