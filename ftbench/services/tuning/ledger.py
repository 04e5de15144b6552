"""Ledger: what each method of a study has spent, what it chose, and what that was worth."""

from __future__ import annotations

from ftbench.db import Database
from ftbench.render.sheet import Field, Sheet
from ftbench.services.planning import commands
from ftbench.services.scores.searches import searches

LISTED = (
    Field("study", "Study"),
    Field("methods", "Methods"),
    Field("budget", "Budget"),
    Field("studies", "Studies", "count"),
    Field("space", "Space"),
    Field("trials", "Trials", "count"),
    Field("ended", "Ended", "count"),
    Field("failed", "Failed", "count"),
)


def listed(database: Database) -> Sheet:
    """The studies in the order in which they were declared.

    Raises:
        DatabaseError: the database cannot be read.
    """
    found = searches(database)
    rows = []
    for study in database.studies.list():
        mine = {t.digest: t for one in found if one.study.name == study.name for t in one.tried}
        told = study.declared
        rows.append(
            {
                "study": study.name,
                "methods": ", ".join(told["methods"]),
                "budget": f"{told['budget']:g} {told['unit']}",
                "studies": study.repeats,
                "space": told["space"]["name"],
                "trials": len(study.trials),
                "ended": sum(one.ended for one in mine.values()),
                "failed": sum(one.failed for one in mine.values()),
            }
        )
    example = commands.example("tune", "--methods", "rdrop", "--tasks", "toy", address=database.address)
    notes = () if rows else (f"No study is declared; declare one with: {example}",)
    return Sheet("studies", "Studies", LISTED, tuple(rows), notes)
