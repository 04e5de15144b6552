"""Merging databases: by digest, all or nothing, and again without any change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, create_database
from ftbench.db.tables import metadata
from ftbench.domain.claim import DeclaredClaim
from ftbench.domain.result import CurvePoint, JobResult, Outcome, Score, State
from ftbench.domain.topup import TopupPlan
from tests.db.samples import RESULT, claim, count, entry, execute

OTHERWISE = JobResult((Score("dev", "accuracy", 0.25), Score("dev", "f1", 0.5)), provenance={"threads": 7})
PLAN = TopupPlan("plan", (("a", "b"),), 0.05, 0.0, (0, 1), (1, 2), ())


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Database]:
    with create_database(str(tmp_path / "other.db")) as opened:
        yield opened


def done(database: Database, seed: int, result: JobResult = RESULT, worker: str = "worker") -> str:
    database.jobs.add([entry(seed)])
    job = claim(database, worker)
    assert job.job.seed == seed
    database.jobs.finish(job, result)
    return job.digest


def content(database: Database) -> dict[str, list[Any]]:
    """All rows of all tables."""
    tables = [name for name in metadata.tables if name != "settings"]
    return {name: sorted(database.query(f"SELECT * FROM {name}")[1], key=repr) for name in tables}


def test_jobs_come_with_all_that_they_left_behind(database: Database, other: Database) -> None:
    done(other, 0)
    other.jobs.add([entry(1), entry(2), entry(3)])
    other.jobs.fail(claim(other), Outcome.USER, "wrong")
    other.jobs.cancel()
    other.jobs.add([entry(4), entry(5)])
    claim(other)  # runs there, and waits here
    database.jobs.add([entry(9)])
    merged = database.merge(other)
    assert (merged.added, merged.completed, merged.known, merged.conflicts) == (6, 0, 0, [])
    states = [(row.seed, row.state, row.attempts, row.owner) for row in database.jobs.list()]
    assert states == [
        (9, State.QUEUED, 0, None),
        (0, State.DONE, 1, None),
        (1, State.FAILED, 1, None),
        (2, State.CANCELLED, 0, None),
        (3, State.CANCELLED, 0, None),
        (4, State.QUEUED, 0, None),
        (5, State.QUEUED, 0, None),
    ]
    for table in ("scores", "curves", "predictions", "provenance"):
        assert content(database)[table] == content(other)[table]
    assert count(database, "attempts") == 2  # the one that has not ended stays there
    assert database.health.troubles()[:0] == []


def test_merging_again_changes_nothing(database: Database, other: Database) -> None:
    for seed in range(3):
        done(other, seed)
        done(database, seed, OTHERWISE)
    other.claims.add(DeclaredClaim("bidrop", "vanilla"))
    other.topups.record(PLAN)
    first = database.merge(other)
    before = content(database)
    again = database.merge(other)
    assert content(database) == before
    assert again.conflicts == first.conflicts and len(first.conflicts) == 3
    assert (again.added, again.completed, again.known, again.claims, again.plans) == (0, 0, 3, 0, 0)


def test_what_waits_or_failed_here_and_is_done_there_becomes_done(
    database: Database, other: Database
) -> None:
    database.jobs.add([entry(0), entry(1), entry(2)])
    database.jobs.fail(claim(database), Outcome.USER, "wrong")
    digests = [done(other, seed) for seed in range(3)]
    running = claim(database)  # seed 1
    merged = database.merge(other)
    assert (merged.completed, merged.running) == (2, 1)
    assert [row.state for row in database.jobs.list()] == [State.DONE, State.RUNNING, State.DONE]
    assert [a.outcome for a in database.results.attempts(digests[0])] == [Outcome.USER, Outcome.OK]
    assert database.jobs.finish(running, RESULT)
    assert len(database.results.scores()) == 6


def test_scores_that_differ_are_listed_and_both_kept(database: Database, other: Database) -> None:
    digest = done(database, 0)
    done(other, 0, OTHERWISE, "elsewhere")
    merged = database.merge(other)
    assert [(c.metric, c.here, c.there) for c in merged.conflicts] == [("accuracy", 0.75, 0.25)]
    assert [(s.metric, s.value) for s in database.results.scores()] == [("accuracy", 0.75), ("f1", 0.5)]
    assert [(p.metric, p.old, p.new) for p in database.results.past()] == [
        ("accuracy", 0.25, 0.75),
        ("f1", 0.5, 0.5),
    ]
    assert [a.worker for a in database.results.attempts(digest)] == ["elsewhere", "worker"]
    assert database.results.provenance(digest) == RESULT.provenance  # that of the scores that count


def test_each_of_two_databases_keeps_the_others_numbers(database: Database, other: Database) -> None:
    digest = done(database, 0, worker="here")
    done(other, 0, OTHERWISE, "there")
    database.merge(other)
    other.merge(database)
    assert [p.old for p in other.results.past()] == [0.75, 0.5]
    assert [a.worker for a in other.results.attempts(digest)] == ["here", "there"]
    before = content(database), content(other)
    database.merge(other)
    other.merge(database)
    assert (content(database), content(other)) == before


def test_past_scores_come_along(database: Database, other: Database) -> None:
    digest = done(other, 0, OTHERWISE, "first")
    other.jobs.restart({digest: {}})
    job = claim(other, "second")
    other.jobs.finish(job, RESULT)
    done(database, 0)
    merged = database.merge(other)
    assert merged.conflicts == []
    assert [p.old for p in database.results.past()] == [0.25, 0.5]
    assert [a.worker for a in database.results.attempts(digest)] == ["first", "worker"]


def test_a_merge_that_fails_leaves_nothing(database: Database, other: Database) -> None:
    done(other, 0)
    done(other, 1, JobResult(RESULT.scores, (CurvePoint("main", 1, "loss", 0.7),)))
    execute(database, "DROP TABLE curves")
    execute(
        database,
        "CREATE TABLE curves (digest TEXT, run TEXT CHECK (run <> 'main'), name TEXT, step INT, value FLOAT)",
    )
    before = content(database)
    with pytest.raises(Exception, match="(?i)check"):
        database.merge(other)
    assert content(database) == before


def test_the_earlier_declaration_of_a_claim_stands_and_late_is_late(
    database: Database, other: Database
) -> None:
    text = DeclaredClaim("vanilla", "bidrop")
    database.claims.add(text)
    other.claims.add(text)
    other.claims.add(DeclaredClaim("rdrop", "bidrop"))
    execute(other, "UPDATE claims SET declared = 5.0")
    assert database.merge(other).claims == 2
    assert [(row.declared, row.late) for row in database.claims.list()] == [(5.0, False), (5.0, False)]


def test_a_claim_is_late_where_the_other_database_had_scores_before_it(
    database: Database, other: Database
) -> None:
    done(other, 0)
    execute(other, "UPDATE attempts SET ended = 5.0")
    database.claims.add(DeclaredClaim("vanilla", "bidrop"))
    assert [row.late for row in database.claims.list()] == [False]
    assert database.merge(other).claims == 0
    assert [row.late for row in database.claims.list()] == [True]


def test_looks_at_the_same_plan_are_taken_and_another_plan_of_the_name_is_told(
    database: Database, other: Database
) -> None:
    database.topups.record(PLAN)
    other.topups.record(TopupPlan("plan", (("a", "b"),), 0.05, 0.0, (0, 1), (1, 2), (("open",),)))
    assert database.merge(other).plans == 1
    assert database.topups.list()[0].outcomes == (("open",),)
    other.topups.record(TopupPlan("mine", (("a", "b"),), 0.05, 0.0, (0, 1), (1, 2), ()))
    database.topups.record(TopupPlan("mine", (("a", "b"),), 0.01, 0.0, (0, 1), (1, 2), ()))
    assert database.merge(other).other_plans == ["mine"]
