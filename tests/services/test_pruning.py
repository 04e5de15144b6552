"""What finished jobs have left is found and deleted, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ftbench.db import Database, JobFilter
from ftbench.domain.result import Outcome, State
from ftbench.domain.where import Home, JobField, Question
from ftbench.errors import UnknownName
from ftbench.services.pruning import Prune, delete, found
from ftbench.services.worker.workdir import WorkDir
from tests.db.samples import RESULT, claim, entry, execute

GONE = 2**22 + 1  # no process has this number


@pytest.fixture
def left(database: Database) -> dict[str, str]:
    """A done job that failed once, a failed, a queued and a running one, each with files; state -> digest."""
    database.jobs.add([entry(seed) for seed in range(3)])
    database.jobs.fail(claim(database), Outcome.OOM, "no memory", "traceback")
    database.jobs.finish(claim(database), RESULT)
    database.jobs.fail(claim(database), Outcome.USER, "wrong")
    database.jobs.finish(claim(database), RESULT)
    database.jobs.add([entry(9)])
    running = claim(database)
    database.jobs.add([entry(8)])
    folder = WorkDir(database.address)
    (folder.path / "logs").mkdir(parents=True)
    digests = {str(row.state): row.digest for row in database.jobs.list() if row.seed != 0}
    digests["retried"] = entry(0).job.digest
    assert digests["running"] == running.digest
    for digest in [*digests.values(), "f" * 64]:
        (folder.path / digest / "main").mkdir(parents=True)
        (folder.path / digest / "main" / "weights").write_bytes(bytes(1000))
        folder.log(digest).write_text("a line\n")
    folder.workers.mkdir()
    (folder.workers / f"host-{GONE}.log").write_text("gone\n")
    (folder.workers / f"host-{os.getpid()}.log").write_text("lives\n")
    (folder.workers / "notes.txt").write_text("mine\n")
    return digests


def places(database: Database, asked: Prune) -> set[str]:
    root = WorkDir(database.address).path
    return {
        str(one.path.relative_to(root)) if one.path else f"{one.job}#{one.number}"
        for one in found(database, asked)
    }


def test_what_is_left_of_jobs_that_are_over_is_found(database: Database, left: dict[str, str]) -> None:
    over = [left["done"], left["failed"], left["retried"]]
    assert places(database, Prune(("checkpoints",))) == set(over)
    assert places(database, Prune(("logs",))) == {f"logs/{digest}.log" for digest in over}
    assert places(database, Prune(("workers",))) == {f"workers/host-{GONE}.log"}
    assert len(found(database, Prune())) == 3 + 3 + 1 + len(found(database, Prune(("attempts",))))


def test_failed_attempts_of_done_jobs_go_and_the_good_one_stays(
    database: Database, left: dict[str, str]
) -> None:
    tried = found(database, Prune(("attempts",)))
    assert {one.job for one in tried} <= {left["done"], left["retried"]} and tried
    assert delete(database, tried) == []
    assert found(database, Prune(("attempts",))) == []
    outcomes = [a.outcome for a in database.results.attempts(tried[0].job)]
    assert outcomes == [Outcome.OK]
    assert [a.outcome for a in database.results.attempts(left["failed"])] == [Outcome.USER]
    assert database.health.troubles() == [] or {t.table for t in database.health.troubles()} == {
        "predictions"
    }


def test_all_is_deleted_and_nothing_else(database: Database, left: dict[str, str]) -> None:
    scores = database.results.scores()
    assert delete(database, found(database, Prune())) == []
    root = WorkDir(database.address).path
    there = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    kept = [left["queued"], left["running"], "f" * 64]
    expected = {f"{digest}/main/weights" for digest in kept} | {f"logs/{digest}.log" for digest in kept}
    assert there == expected | {f"workers/host-{os.getpid()}.log", "workers/notes.txt"}
    assert database.results.scores() == scores
    assert found(database, Prune()) == []


def test_age_size_and_filter_choose(database: Database, left: dict[str, str]) -> None:
    old = WorkDir(database.address).log(left["done"])
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    assert places(database, Prune(("logs",), age=3600)) == {f"logs/{left['done']}.log"}
    assert places(database, Prune(size=500)) == {left["done"], left["failed"], left["retried"]}
    failed = JobFilter(states=(State.FAILED,))
    assert places(database, Prune(where=failed)) == {left["failed"], f"logs/{left['failed']}.log"}
    seed = JobFilter(where=Question(JobField(Home.JOB, "seed", "number"), "=", (0,)))
    assert places(database, Prune(("checkpoints",), seed)) == {left["retried"]}


def test_no_link_is_followed(database: Database, left: dict[str, str], tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis").write_text("all of it")
    (precious / f"{left['done']}.log").write_text("mine")
    root = WorkDir(database.address).path
    delete(database, found(database, Prune()))
    (root / left["done"]).symlink_to(precious)
    (root / "logs" / f"{left['done']}.log").symlink_to(precious / "thesis")
    assert found(database, Prune()) == []
    (root / left["failed"]).mkdir()
    (root / left["failed"] / "inside").symlink_to(precious)
    delete(database, found(database, Prune()))
    os.rename(root / "logs", root / "elsewhere")
    (root / "logs").symlink_to(precious)
    assert found(database, Prune()) == []
    assert (precious / "thesis").read_text() == "all of it"


def test_a_digest_that_is_a_path_leads_nowhere(database: Database, left: dict[str, str]) -> None:
    (Path(database.address).parent / "mine").mkdir()
    execute(database, "UPDATE jobs SET digest = '../mine' WHERE seed = 8")
    assert not any("mine" in place for place in places(database, Prune()))


def test_a_kind_that_there_is_not_is_named() -> None:
    with pytest.raises(UnknownName, match="did you mean 'logs'"):
        Prune(("log",))
