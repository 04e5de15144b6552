"""Trials of other code than the rest of their study: no choice is made among them."""

from __future__ import annotations

import pytest

from ftbench.db import Database, JobFilter
from ftbench.domain.result import JobResult, Score
from ftbench.errors import FtbenchError
from ftbench.methods import find, source_digest
from ftbench.services.planning.rerun import restart
from ftbench.services.scores.searches import searches
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from tests.services.tuning.ran import asked_of, declare

OLD, NOW = "2:" + "0" * 16, source_digest(find("vanilla"))


def end_next(database: Database, code: str, score: float) -> bool:
    lease = database.jobs.claim("worker", 60.0)
    if lease is not None:
        found = (Score("held_out", "matthews", score),)
        database.jobs.finish(lease, JobResult(found, provenance={"method_digest": code}))
    return lease is not None


def test_nothing_is_chosen_until_trials_of_other_code_are_run_again(database: Database) -> None:
    declare(database, "vanilla", budget=4)
    for code, score in ((OLD, 0.9), (OLD, 0.2), (NOW, 0.3), (NOW, 0.4)):
        assert end_next(database, code, score)
    (one,) = searches(database)
    assert one.chosen is None and [tried.draw for tried in one.missing] == [0, 1]
    said = "other code than the rest.*retry --stale --methods vanilla .*then ftbench worker"
    with pytest.raises(FtbenchError, match=said):
        tuned_plan(database, TunedRequest(asked_of()))
    assert restart(database, JobFilter()).jobs == 2
    (one,) = searches(database)
    assert one.chosen is None and len(one.missing) == 2  # in the middle of it
    while end_next(database, NOW, 0.1):
        pass
    (one,) = searches(database)
    assert one.chosen is not None and one.chosen.draw == 3


def test_a_study_that_is_of_one_older_code_stands(database: Database) -> None:
    declare(database, "vanilla", budget=2, name="old")
    while end_next(database, OLD, 0.5):
        pass
    declare(database, "vanilla", budget=3, name="new", settings=("epochs=3",))
    while end_next(database, NOW, 0.5):
        pass
    assert [one.chosen is not None for one in searches(database)] == [True, True]
