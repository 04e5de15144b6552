"""From queue to leaderboard with the real command line."""

from __future__ import annotations

import csv
import io

import pytest

from tests.acceptance.conftest import Place, loads
from tests.forked import Programs

SMALL = ["--train-size", "64", "--set", "steps=6", "--seeds", "2"]
GRID = ["--methods", "bidrop,rdrop", "--tasks", "toy-accept", *SMALL]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, forked: Programs) -> Place:
    """A grid that is queued in two parts and done by one worker."""
    place = Place(tmp_path_factory.mktemp("filled") / "place", forked)
    assert "queued 12 jobs" in place.ftbench("queue", *GRID, "--noise", "0,0.2")
    assert "6 jobs of the grid were known" in place.ftbench("queue", *GRID, "--reduction", "0,0.5")
    place.ftbench("queue", *GRID)
    assert place.rows("select count(*) from jobs") == [(18,)], "the same grid again adds nothing"
    assert place.ftbench("worker", "--drain", "--threads", "1").count("done ") >= 18
    return place


def test_queue_worker_and_both_reports(filled: Place) -> None:
    assert loads(filled.ftbench("status", "--json"))["counts"]["done"] == 18
    main = list(csv.DictReader(io.StringIO(filled.ftbench("report", "--table", "main", "--format", "csv"))))
    assert {row["method"] for row in main} >= {"vanilla", "rdrop", "bidrop"}
    for table, form in (("main", "json"), ("robustness", "rich"), ("robustness", "markdown")):
        assert "Bi-Drop" in filled.ftbench("report", "--table", table, "--format", form)


def test_report_agrees_with_the_scores_in_the_database(filled: Place) -> None:
    clean = "noise = 0 and reduction = 0 and method = 'vanilla'"
    scores = filled.rows(
        f"select value from scores join jobs using (digest) where {clean} and metric = 'matthews'"
    )
    mean = 100 * sum(v for (v,) in scores) / len(scores)
    assert len(scores) == 2
    report = filled.ftbench("report", "--format", "markdown")
    (row,) = [line for line in report.splitlines() if line.startswith("| Vanilla")]
    assert f"{mean:.2f}" in row


def test_jobs_travel_as_files_to_a_machine_without_the_database(filled: Place, loaded_place: Place) -> None:
    place = loaded_place
    place.ftbench("queue", "--methods", "vanilla", "--tasks", "toy-accept", *SMALL)
    place.ftbench("export", "--jobs", "jobs.jsonl")
    place.train("jobs.jsonl", "e.jsonl")
    place.ftbench("ingest", "e.jsonl")
    assert len(place.digests()) == 2
    assert place.results() == filled.results(place.digests())
    before = place.results()
    place.ftbench("ingest", "e.jsonl")
    assert place.results() == before
