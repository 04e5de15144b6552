"""``--sampler tpe``: rounds of trials that learn from those before, the same again from the same database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench.db import Database, JobFilter, create_database
from ftbench.domain.job import Job
from ftbench.domain.result import Outcome
from ftbench.errors import FtbenchError, UsageError
from ftbench.services.tuning import tpe
from ftbench.services.tuning.going_on import waiting
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from ftbench.services.tuning.spaces import WrittenSpace
from tests.services.tuning.ran import asked_of, declare, end_all, request

ROUNDS = {"budget": 7, "batch": 3, "sampler": "tpe"}


def near(rate: float) -> Callable[[Job], float]:
    """Trials whose score falls with the distance of their rate from another one."""
    return lambda job: 1 / (1 + abs(job.recipe.lr / rate - 1))


def test_rounds_follow_each_other_and_end_with_the_budget(database: Database) -> None:
    call = declare(database, "vanilla,rdrop", **ROUNDS)
    common = declare(database, "vanilla,rdrop", budget=3, name="sobol").study
    assert [t.digest for t in call.study.trials] == [t.digest for t in common.trials]
    sizes = []
    for _ in range(4):
        declare(database, "vanilla,rdrop", **ROUNDS)  # while trials of the round run: nothing
        sizes.append(len(end_all(database, near(1e-4))))
        assert bool(waiting(database)) == (sum(sizes) < 14)
        declare(database, "vanilla,rdrop", **ROUNDS)
    assert sizes == [6, 6, 2, 0]
    (study,) = (one for one in database.studies.list() if one.name == "tuning")
    draws = [(t.method, t.draw) for t in study.trials]
    assert sorted(draws) == sorted((m, d) for m in ("vanilla", "rdrop") for d in range(7))


def test_two_that_ask_at_once_draw_the_same_and_a_study_grows_once(database: Database) -> None:
    declare(database, **ROUNDS)
    end_all(database, near(1e-4))
    (before,) = database.studies.list()
    first = declare(database, **ROUNDS)
    assert len(first.study.trials) == 6
    assert not database.studies.extend(before, list(first.study.trials[3:]))  # it came too late
    assert len(database.jobs.list()) == len(database.studies.list()[0].trials) == 6


def test_the_same_database_suggests_the_same(database: Database, tmp_path: Path) -> None:
    found = []
    with create_database(str(tmp_path / "other.db")) as other:
        for one in (database, other):
            declare(one, **ROUNDS)
            end_all(one, near(3e-3))
            found.append([t.digest for t in declare(one, **ROUNDS).study.trials])
    assert found[0] == found[1]


def test_who_is_stopped_between_the_jobs_and_the_study_draws_them_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(database, **ROUNDS)
    end_all(database, near(1e-4))
    with monkeypatch.context() as patched:
        patched.setattr(type(database.studies), "extend", lambda *_: False)
        declare(database, **ROUNDS)
    assert (len(database.jobs.list()), len(database.studies.list()[0].trials)) == (6, 3)
    assert len(declare(database, **ROUNDS).study.trials) == len(database.jobs.list()) == 6


def test_a_failed_trial_has_used_its_place_and_a_lost_one_holds_the_round_up(database: Database) -> None:
    declare(database, **ROUNDS)
    came = iter([0.5, Outcome.DIVERGED, 0.6])
    end_all(database, lambda job: next(came))
    assert waiting(database)
    declare(database, **ROUNDS)
    end_all(database, lambda job: Outcome.LOST)
    assert not waiting(database)
    assert len(declare(database, **ROUNDS).study.trials) == 6


def test_nothing_is_chosen_before_the_last_round_and_the_command_is_told(database: Database) -> None:
    declare(database, **ROUNDS)
    end_all(database, near(1e-4))
    with pytest.raises(FtbenchError, match=r"4 of its trials are not drawn yet; .*: ftbench tune --methods"):
        tuned_plan(database, TunedRequest(asked_of()))
    (line,) = waiting(database)
    assert "--trials 7 --studies 1 --sampler tpe --batch 3 --no-baseline" in line
    for _ in range(2):
        declare(database, **ROUNDS)
        end_all(database, near(1e-4))
    assert len(tuned_plan(database, TunedRequest(asked_of())).jobs) == 5


def test_what_was_declared_stays_and_how_it_was_typed_does_not_count(database: Database) -> None:
    declare(database, "vanilla,rdrop", **ROUNDS)
    assert declare(database, "rdrop,vanilla", **ROUNDS).added is not None
    with pytest.raises(UsageError, match="was declared with batch 3, not 4"):
        declare(database, "vanilla,rdrop", **{**ROUNDS, "batch": 4})
    with pytest.raises(UsageError, match="was declared with sampler tpe, not sobol"):
        declare(database, "vanilla,rdrop", budget=7)


def test_what_no_rounds_can_be_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for more, said in (
        ({"sampler": "tpee"}, "did you mean 'tpe'"),
        ({"batch": 3}, "--batch goes with --sampler tpe"),
        ({"sampler": "tpe", "unit": "passes"}, "leave --unit passes out"),
        ({"sampler": "tpe", "batch": 0}, "batch 0: give 1 to"),
    ):
        with pytest.raises(FtbenchError, match=said):
            request(**more)
    with pytest.raises(UsageError, match="the space has 3 draws of vanilla"):
        declare(database, **ROUNDS, space=WrittenSpace("small.yaml", {"lr": ["1e-4", "9e-4"]}))
    monkeypatch.setattr(tpe.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FtbenchError, match=r"run `pip install 'ftbench\[tune\]'`"):
        request(sampler="tpe")
    assert database.jobs.list(JobFilter()) == []
