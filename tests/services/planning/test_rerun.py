"""Jobs of other code: told when more are queued, queued again, and compared with what they gave before."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from ftbench import trust
from ftbench.db import Database, JobFilter
from ftbench.domain.plan import Plan, Planned
from ftbench.domain.recipe import Recipe
from ftbench.domain.result import JobResult, Score, State
from ftbench.errors import UsageError
from ftbench.methods import find, source_digest
from ftbench.services.planning.rerun import old_and_new, queued_over, restart, separated
from tests.services.stored import finish, job_of

OLD = "2:" + "0" * 16
EARLY = "1" * 16
NOW = {name: source_digest(find(name)) for name in ("vanilla", "bidrop")}


def trained(database: Database, method: str, codes: list[str], task: str = "rte") -> list[str]:
    """Finish a job for each digest of code; the scores are 0.5, 0.6, …"""
    return [
        finish(database, job_of(method, task, seed), 0.5 + seed / 10, provenance={"method_digest": code})
        for seed, code in enumerate(codes)
    ]


def planned(method: str, seed: int, **places: object) -> Plan:
    job = job_of(method, "rte", seed)
    return Plan((Planned(job, job.digest, method, {"plugins": [], **places}),), ())


def test_queueing_more_of_a_method_counts_its_jobs_of_other_code_and_names_the_command(
    database: Database,
) -> None:
    trained(database, "bidrop", [OLD, OLD, NOW["bidrop"], EARLY])
    (line,) = queued_over(database, planned("bidrop", 5))
    assert "bidrop 2 of 4 jobs" in line
    address = shlex.quote(database.address)
    assert line.endswith(f"with: ftbench retry --stale --methods bidrop --db {address}")
    assert queued_over(database, planned("vanilla", 5)) == ()


def test_a_plan_that_names_a_file_is_judged_by_that_file(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import ftbench\n\n\nclass Mine(ftbench.Method):\n    title = 'Mine'\n")
    trust.name(file)
    trained(database, "mine", [source_digest(find(str(file)))])
    assert queued_over(database, planned("mine", 1, plugins=[str(file)])) == ()
    file.write_text("import ftbench\n\n\nclass Mine(ftbench.Method):\n    held_out_fraction = 0.5\n")
    (line,) = queued_over(database, planned("mine", 1, plugins=[str(file)]))
    assert f"--methods {shlex.quote(str(file))} " in line


def test_only_jobs_whose_code_differs_are_queued_again(database: Database) -> None:
    old, new, early = trained(database, "bidrop", [OLD, NOW["bidrop"], EARLY])
    (other,) = trained(database, "bidrop", [OLD], task="cola")
    found = restart(database, JobFilter(tasks=("rte",)))
    assert found.jobs == 1
    states = {row.digest: row.state for row in database.jobs.list()}
    assert states == {old: State.QUEUED, new: State.DONE, early: State.DONE, other: State.DONE}


def test_jobs_of_a_method_that_is_not_here_are_counted_and_left_alone(database: Database) -> None:
    trained(database, "gone", [OLD])
    found = restart(database, JobFilter())
    assert (found.jobs, found.unknown) == (0, {"gone": 1})


def test_a_job_that_is_queued_again_runs_the_file_that_was_named(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import ftbench\n\n\nclass Mine(ftbench.Method):\n    title = 'Mine'\n")
    trained(database, "mine", [OLD])
    assert restart(database, JobFilter(), {"mine": str(file)}).jobs == 1
    (row,) = database.jobs.list()
    assert row.places["plugins"] == [str(file)]


def test_other_states_are_refused(database: Database) -> None:
    with pytest.raises(UsageError, match="leave --state out"):
        restart(database, JobFilter(states=(State.FAILED,)))


def test_old_means_stand_beside_those_of_the_jobs_that_are_done_again(database: Database) -> None:
    trained(database, "bidrop", [OLD, OLD])
    (row,) = old_and_new(restart(database, JobFilter()).scores)
    assert (row["jobs"], row["done_again"], row["old"], row.get("new")) == (2, 0, 55.0, None)
    claim = database.jobs.claim("worker", 60.0)
    assert claim is not None
    again = JobResult((Score("dev", "accuracy", 0.7),), provenance={"method_digest": NOW["bidrop"]})
    database.jobs.finish(claim, again)
    (row,) = old_and_new(restart(database, JobFilter()).scores)
    assert (row["done_again"], row["old"], row["new"], row["difference"]) == (1, 50.0, 70.0, 20.0)


def test_old_numbers_of_two_states_of_the_code_share_no_row(database: Database) -> None:
    trained(database, "bidrop", [OLD, "2:" + "3" * 16])
    rows = old_and_new(restart(database, JobFilter()).scores)
    assert {(row["old_code"], row["old"]) for row in rows} == {(OLD, 50.0), ("2:" + "3" * 16, 60.0)}


def test_what_a_table_leaves_out_is_told_with_the_command(database: Database) -> None:
    trained(database, "bidrop", [OLD, NOW["bidrop"]])
    kept, (line,) = separated(database, database.results.cells())
    assert [cell.aside for cell in kept] == ["other code", ""]
    assert line.startswith("Left out: ") and "ftbench retry --stale --methods bidrop" in line


def test_a_method_with_older_scores_alone_keeps_them_and_that_is_said(database: Database) -> None:
    trained(database, "bidrop", [OLD, OLD])
    kept, (line,) = separated(database, database.results.cells())
    assert [cell.aside for cell in kept] == ["", ""]
    assert line.startswith("Trained with another state of the method's code") and "bidrop 2 of 2" in line


def test_old_means_of_a_recipe_grid_share_no_row(database: Database) -> None:
    for value, lr in ((0.5, 1e-4), (0.7, 5e-4)):
        job = replace(job_of("bidrop", "rte", 0), recipe=Recipe(lr=lr))
        finish(database, job, value, provenance={"method_digest": OLD})
    rows = old_and_new(restart(database, JobFilter()).scores)
    assert [(row["recipe"], row["old"]) for row in rows] == [("lr=0.0001", 50.0), ("lr=0.0005", 70.0)]


def test_old_means_of_two_folders_of_one_last_name_share_no_row(database: Database) -> None:
    for value, sign in ((0.5, "a"), (0.7, "b")):
        job = replace(job_of("bidrop", "rte", 0), model="folder:ck", model_revision=f"sha256:{sign * 64}")
        finish(database, job, value, provenance={"method_digest": OLD})
    first, second = old_and_new(restart(database, JobFilter()).scores)
    assert (first["old"], second["old"]) == (50.0, 70.0) and first["model"] != second["model"]
    assert len(database.results.past(JobFilter(models=(str(first["model"]),)))) == 1
