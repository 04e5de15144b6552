"""From queue to leaderboard with the real command line."""

from __future__ import annotations

import csv
import io
import subprocess
import sys

from tests.acceptance.conftest import Place, loads

SMALL = ["--train-size", "64", "--set", "steps=6", "--seeds", "2"]


def test_queue_worker_and_both_reports(place: Place):
    grid = ["--methods", "bidrop,rdrop", "--tasks", "toy-accept", *SMALL]
    assert "queued 12 jobs" in place.ftbench("queue", *grid, "--noise", "0,0.2")
    assert "6 jobs of the grid were known" in place.ftbench("queue", *grid, "--reduction", "0,0.5")
    place.ftbench("queue", *grid)
    assert place.rows("select count(*) from jobs") == [(18,)], "the same grid again adds nothing"

    assert place.ftbench("worker", "--drain", "--threads", "1").count("done ") >= 18
    assert loads(place.ftbench("status", "--json"))["counts"]["done"] == 18

    main = list(csv.DictReader(io.StringIO(place.ftbench("report", "--table", "main", "--format", "csv"))))
    assert {row["method"] for row in main} >= {"vanilla", "rdrop", "bidrop"}
    for form in ("rich", "markdown", "csv", "json"):
        for table in ("main", "robustness"):
            assert "bidrop" in place.ftbench("report", "--table", table, "--format", form)


def test_report_agrees_with_the_scores_in_the_database(place: Place):
    place.ftbench("queue", "--methods", "vanilla", "--tasks", "toy-entail", *SMALL)
    place.ftbench("worker", "--drain", "--threads", "1")
    scores = place.rows("select value from scores where metric = 'accuracy'")
    mean = 100 * sum(v for (v,) in scores) / len(scores)
    assert len(scores) == 2
    assert f"{mean:.2f}" in place.ftbench("report", "--format", "markdown")


def test_jobs_travel_as_files_to_a_machine_without_the_database(place: Place, another: Place):
    for here in (place, another):
        here.ftbench("queue", "--methods", "vanilla", "--tasks", "toy-sim", *SMALL)
    place.ftbench("export", "--jobs", "jobs.jsonl")
    command = [
        sys.executable,
        "-m",
        "ftbench.training.execute",
        "--jobs",
        "jobs.jsonl",
        "--events",
        "e.jsonl",
    ]
    subprocess.run(
        [*command, "--threads", "1"], cwd=place.folder, env=place.env, check=True, capture_output=True
    )
    place.ftbench("ingest", "e.jsonl")
    another.ftbench("worker", "--drain", "--threads", "1")
    assert place.results() == another.results()
    before = place.results()
    place.ftbench("ingest", "e.jsonl")
    assert place.results() == before
