"""Going on: which studies wait for their next round, and by which command it is drawn."""

from __future__ import annotations

from ftbench.db import Database
from ftbench.services.tuning.going_on import again, undrawn, waiting
from tests.services.tuning.ran import declare, end_all


def test_a_study_waits_between_its_rounds_alone(database: Database) -> None:
    rounds = {"budget": 4, "batch": 2, "sampler": "tpe", "select": "best-step", "name": "mine"}
    declare(database, "vanilla", budget=2)  # which draws all at once
    study = declare(database, **rounds).study
    assert undrawn(database, study) and not waiting(database)
    end_all(database, lambda job: (0.5, 0.5, 1.0))
    (line,) = waiting(database)
    assert line == f"study mine: its round has ended; draw the next with: {again(database, study)}"
    for flag in (
        "--select best-step",
        "--name mine",
        "--sampler tpe",
        "--batch 2",
        f"--db {database.address}",
    ):
        assert flag in line
    declare(database, **rounds)
    assert not undrawn(database, study) and not waiting(database)
