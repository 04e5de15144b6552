"""A method that is edited between two runs: warned of, kept apart, run again, as the commands print it."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path

import pytest

from ftbench.db import open_database
from ftbench.domain.result import JobResult, Score
from ftbench.methods import find, source_digest
from tests.cli.conftest import Ftbench

MINE = "import ftbench\n\n\nclass Mine(ftbench.Method):\n    title = 'Mine'\n    held_out_fraction = {}\n"
GRID = ("--tasks", "cola", "--models", "../model")


def work(score: float) -> None:
    """Do what is queued, as a worker would, with the code that stands."""
    with open_database("ftbench.db") as database:
        while (claim := database.jobs.claim("worker", 60.0)) is not None:
            method = find(claim.job.method, claim.places["plugins"])
            facts = {"method_digest": source_digest(method)}
            value = score + claim.job.seed / 100
            database.jobs.finish(claim, JobResult((Score("dev", "matthews", value),), provenance=facts))


@pytest.fixture
def edited(ftbench: Ftbench) -> Ftbench:
    """Two seeds of a method's first state; then it is edited and moved, and a third seed is run."""
    Path("mine.py").write_text(MINE.format(0.0))
    assert ftbench("queue", "--methods", "./mine.py", *GRID, "--seeds", "2").code == 0
    work(0.5)
    Path("mine.py").write_text(MINE.format(0.1))
    Path("methods").mkdir()
    Path("mine.py").rename("methods/mine.py")
    return ftbench


def test_queue_warns_of_scores_of_other_code_even_where_nothing_is_new(edited: Ftbench) -> None:
    ended = edited("queue", "--methods", "./methods/mine.py", *GRID, "--seeds", "2")
    assert ended.out.startswith("nothing new")
    assert "done with other code than stands now: mine 2 of 2 jobs" in ended.err
    command = ended.err.strip().rpartition("with: ")[2]
    assert command == "ftbench retry --stale --methods ./methods/mine.py"
    again = edited(*shlex.split(command)[1:])
    assert again.code == 0 and again.out.startswith("2 jobs with other code queued again")


def test_no_table_averages_two_states_of_the_code(edited: Ftbench) -> None:
    edited("queue", "--methods", "./methods/mine.py", *GRID, "--seeds", "3")
    work(0.9)
    report = edited("report", "--json").json
    (row,) = [row for row in report["sections"][0]["groups"][0]["rows"] if row["method"] == "mine"]
    cell = row["cells"]["cola"]
    assert cell["mean"] == pytest.approx(0.92), "the third seed alone"
    assert (cell["n"], cell["missing"]) == (1, {"other code": 2})
    left = "Left out: trained with other code than the rest of the method: mine 2 of 3 jobs"
    again = "ftbench retry --stale --methods ./methods/mine.py"
    for command in (("report",), ("compare", "mine", "vanilla"), ("power", "mine", "vanilla")):
        told = " ".join(edited(*command).out.split())
        assert left in told and again in told, command
    ended = edited("export", "--scores", "s.csv", "--methods", "mine")
    assert left in ended.err
    with open("s.csv", encoding="utf-8") as file:
        assert [row["seed"] for row in csv.DictReader(file)] == ["2"]


def test_a_comparison_by_file_keeps_its_direction_and_says_that_the_scores_are_older(
    ftbench: Ftbench,
) -> None:
    Path("mine.py").write_text(MINE.format(0.0))
    assert ftbench("queue", "--methods", "./mine.py", *GRID, "--seeds", "2").code == 0
    work(0.5)
    Path("mine.py").write_text(MINE.format(0.1))
    sheet = ftbench("compare", "./mine.py", "vanilla", "--json").json["sheets"][0]
    assert [(row["left"], row["right"]) for row in sheet["rows"]] == [("mine", "vanilla")]
    told = [note for note in sheet["notes"] if note.startswith("Trained with another state of the method's")]
    assert len(told) == 1 and "ftbench retry --stale --methods ./mine.py" in told[0]


def test_a_topup_waits_until_jobs_of_other_code_are_run_again(edited: Ftbench) -> None:
    edited("queue", "--methods", "./methods/mine.py", *GRID, "--seeds", "3")
    work(0.9)
    ended = edited("topup", "mine", "--json")
    told = " ".join(note for sheet in ended.json["sheets"] for note in sheet["notes"])
    assert "the next look waits for 2 jobs" in told and "ftbench retry --stale" in told
    assert (
        edited("topup", "./methods/mine.py", "--json").json["sheets"][0]["title"]
        == ended.json["sheets"][0]["title"]
    )
    with open_database("ftbench.db", write=False) as database:
        assert all(plan.taken == 0 for plan in database.topups.list())


def test_a_claim_is_not_tested_on_two_states_of_the_code(edited: Ftbench) -> None:
    edited("claim", "vanilla > bidrop")
    edited("queue", "--methods", "./methods/mine.py", *GRID, "--seeds", "3")
    work(0.9)
    edited("claim", "./methods/mine.py > vanilla @ tasks=cola")
    (sheet,) = edited("claim", "--json").json["sheets"]
    (row,) = [row for row in sheet["rows"] if row["claim"].startswith("mine > vanilla")]
    assert row["n"] == 1
    assert any(note.startswith("Left out: ") for note in sheet["notes"])


def test_old_scores_stand_beside_new_ones_after_the_run(edited: Ftbench) -> None:
    first = edited("retry", "--stale", "--methods", "./methods/mine.py", "--yes")
    assert "55" not in first.err and "50.5" in first.out
    work(0.9)
    again = edited("retry", "--stale", "--methods", "./methods/mine.py")
    lines = again.out.splitlines()
    assert lines[0] == "0 jobs with other code queued again"
    assert ["50.5", "90.5", "40"] == [word for word in again.out.split() if word in ("50.5", "90.5", "40")]
    done = edited("status", "--state", "done", "--json").json
    job = next(row["job"] for row in done if row["method"] == "mine" and row["seed"] == 0)
    (past,) = edited("show", job, "--json").json["past_scores"]
    assert (past["attempt"], past["old"], past["new"]) == (1, 0.5, 0.9)
    assert "past scores:" in edited("show", job).out


def test_filters_take_a_method_by_its_file(edited: Ftbench) -> None:
    rows = edited("status", "--methods", "./methods/mine.py", "--state", "done", "--json").json
    assert len(rows) == 2
