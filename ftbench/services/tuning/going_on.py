"""Going on: the studies whose draws hang on results, and which command draws the next."""

from __future__ import annotations

from ftbench.db import Database
from ftbench.domain.study import AGAIN, TPE, Study
from ftbench.services.planning import commands
from ftbench.services.scores.searches import searches


def waiting(database: Database) -> list[str]:
    """A line for each study whose round has ended and is not its last: how to go on."""
    studies = [one for one in database.studies.list() if one.sampler == TPE]
    found = searches(database) if studies else []
    lines = []
    for study in studies:
        mine = [one for one in found if one.study.name == study.name]
        if any(one.undrawn for one in mine) and not any(one.missing for one in mine):
            how = again(database, study)
            lines.append(f"study {study.name}: its round has ended; draw the next with: {how}")
    return lines


def undrawn(database: Database, study: Study) -> bool:
    """Whether some of a study's trials are not drawn yet."""
    return any(one.undrawn for one in searches(database) if one.study.name == study.name)


def again(database: Database, study: Study) -> str:
    """The command that goes on with a study."""
    return commands.example(*map(str, study.declared[AGAIN]), address=database.address)
