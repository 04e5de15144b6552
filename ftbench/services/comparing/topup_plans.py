"""The top-up plans of a database: how far each one is."""

from __future__ import annotations

from typing import Any

from ftbench.db import Database
from ftbench.domain.topup import TopupPlan
from ftbench.render.sheet import Field, Sheet
from ftbench.services.comparing.topup_looks import states_of
from ftbench.services.planning import commands
from ftbench.stats.sequential import OPEN

FIELDS = (
    Field("plan", "Plan"),
    Field("comparisons", "Comparisons", "count"),
    Field("settled", "Settled", "count"),
    Field("taken", "Looks taken", "count"),
    Field("looks", "of", "count"),
    Field("sizes", "at seeds"),
    Field("level", "Level", "p"),
    Field("margin", "Margin", "score"),
)


def listed(database: Database) -> Sheet:
    """The plans in the order in which they were declared; nothing is looked at and nothing queued.

    Raises:
        DatabaseError: the database cannot be read.
    """
    rows = [_row(plan) for plan in database.topups.list()]
    note = "Call one again with its methods and filters: it takes the next look once its jobs have ended."
    if not rows:
        start = commands.example("topup", "bidrop", address=database.address)
        note = f"No top-up is declared; start one with its methods, such as: {start}"
    return Sheet("plans", "Declared top-ups", FIELDS, tuple(rows), (note,))


def _row(plan: TopupPlan) -> dict[str, Any]:
    return {
        "plan": plan.name,
        "comparisons": len(plan.pairs),
        "settled": sum(how != OPEN for how, _ in states_of(plan)),
        "taken": plan.taken,
        "looks": plan.looks,
        "sizes": ", ".join(map(str, plan.sizes)),
        "level": plan.level,
        "margin": plan.margin or None,
    }
