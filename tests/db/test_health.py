"""What is wrong with a database is found, named and counted."""

from __future__ import annotations

import zlib

import pytest

from ftbench.db import Database
from ftbench.db.engine import Store
from ftbench.db.health import ADVICE
from ftbench.domain.claim import DeclaredClaim
from ftbench.domain.result import JobResult, Outcome, Predictions, Score
from tests.db.samples import ONLY_SQLITE, RESULT, claim, entry, let_in

LOGITS = Predictions("main", "dev", 3, 2, zlib.compress(bytes(24)))


@pytest.fixture
def whole(database: Database) -> Database:
    """A database with a job in each state, and everything that a job can leave behind."""
    database.jobs.add([entry(seed, noise=0.1, train_size=300) for seed in range(5)])
    database.jobs.finish(
        claim(database), JobResult(RESULT.scores, RESULT.curves, (LOGITS,), RESULT.provenance)
    )
    database.jobs.fail(claim(database), Outcome.USER, "wrong")
    claim(database)
    database.jobs.cancel()
    database.jobs.add([entry(7), entry(8, "bidrop")])
    claim(database)
    database.claims.add(DeclaredClaim("bidrop", "vanilla"))
    return database


def test_a_whole_database_has_no_trouble(whole: Database) -> None:
    assert whole.health.troubles() == []


@pytest.mark.parametrize(
    ("change", "kind", "table", "first"),
    [
        (
            "UPDATE jobs SET spec = replace(spec, 'vanilla', 'bidrop') WHERE seed = 0",
            "unreadable",
            "jobs",
            "hash",
        ),
        ("UPDATE jobs SET state = 'lost' WHERE seed = 1", "unreadable", "jobs", "lost"),
        ("UPDATE jobs SET attempts = 'many' WHERE seed = 1", "unreadable", "jobs", "attempts"),
        ("UPDATE jobs SET places = '[]' WHERE seed = 1", "unreadable", "jobs", "places"),
        ("UPDATE jobs SET noise = 0.2 WHERE seed = 0", "unlike its spec", "jobs", "noise"),
        ("UPDATE jobs SET method = 'bidrop' WHERE seed = 0", "unlike its spec", "jobs", "method"),
        ("UPDATE jobs SET recipe = '{{' WHERE seed = 0", "unlike its spec", "jobs", "no JSON"),
        ("DELETE FROM scores", "state", "jobs", "done without a score"),
        ("UPDATE attempts SET outcome = 'lost'", "state", "jobs", "done without an attempt"),
        ("UPDATE jobs SET state = 'queued' WHERE seed = 0", "state", "jobs", "scores, and is not done"),
        ("UPDATE jobs SET token = NULL", "state", "jobs", "running without a lease"),
        ("UPDATE jobs SET state = 'queued' WHERE seed = 7", "state", "jobs", "a lease, and is not running"),
        ("UPDATE scores SET value = 1.5 WHERE metric = 'f1'", "score", "scores", "f1 on dev is 1.5"),
        ("UPDATE scores SET value = 'high'", "score", "scores", "value"),
        ("UPDATE attempts SET outcome = 'bad'", "unreadable", "attempts", "bad"),
        ("UPDATE provenance SET facts = 'x'", "unreadable", "provenance", ""),
        ("UPDATE predictions SET rows = 4", "unreadable", "predictions", "4 x 2"),
        ("UPDATE predictions SET logits = x'00'", "unreadable", "predictions", "3 x 2"),
        ("UPDATE curves SET value = 'x'", "unreadable", "curves", ""),
        ("UPDATE claims SET tasks = '{{'", "unreadable", "claims", ""),
        ("CREATE VIEW mine AS SELECT 1", "view or trigger", "", "mine"),
        ("DROP INDEX jobs_queued", "other form", "jobs", "index jobs_queued is missing"),
        ("DROP TABLE topup_looks", "other form", "topup_looks", "no such table"),
    ],
)
def test_each_trouble_is_named(whole: Database, change: str, kind: str, table: str, first: str) -> None:
    if not let_in(whole, change.replace("{{", "{")):
        return
    (found, *_) = [
        one
        for one in whole.health.troubles()
        if (one.kind, one.table) == (kind, table) and first in one.first
    ]
    assert found.advice == ADVICE[kind].replace("sqlite3", whole._store.backend.shell)
    assert found.rows >= 1


@ONLY_SQLITE  # others let nobody write such rows
def test_rows_of_jobs_that_are_not_there_are_counted(whole: Database) -> None:
    backend = whole._store.backend
    unchecked = Store(backend, backend.engine(write=True, timeout=1.0, migrating=True), writable=True)
    with unchecked.writing() as transaction:
        transaction.run("DELETE FROM jobs WHERE seed = 0")
    unchecked.close()
    found = {one.table: one.rows for one in whole.health.troubles() if one.kind == "no such job"}
    assert found == {"attempts": 1, "scores": 2, "curves": 2, "predictions": 1}


def test_a_score_of_a_metric_of_ones_own_may_be_any_number(whole: Database) -> None:
    job = claim(whole)
    whole.jobs.finish(
        job, JobResult(scores=(Score("dev", "perplexity", 90.0), Score("dev", "matthews", -1.0)))
    )
    assert whole.health.troubles() == []
