"""What the page of a report is made of."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from ftbench.db import Database
from ftbench.errors import FtbenchError
from ftbench.render import html
from ftbench.render.plots import theme
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.page import page
from tests.services.requests import report_request
from tests.services.stored import finish, job_of, store


@pytest.fixture
def details(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a page of a database shows beside its tables."""
    monkeypatch.setattr(html, "render", lambda report, found, frame: found)

    def of(database: Database, table: str = "main") -> html.Details:
        return page(database, build_report(database, report_request(table)))

    return of


def ran(seconds: float, torch: str = "2.13", **more: Any) -> dict[str, Any]:
    return {"wall_seconds": seconds, "peak_memory_mb": 7, "worker": "w1", "torch": torch, **more}


def names(details: html.Details) -> list[list[str]]:
    return [[figure.name for figure in figures] for figures in details.figures]


def test_jobs_have_what_they_took_and_share_their_surroundings(database, details):
    made = [
        finish(database, job_of("vanilla", "rte", seed), 0.6, provenance=ran(seconds, torch))
        for seed, (seconds, torch) in enumerate([(1.26, "2.13"), (2.0, "2.13"), (3.0, "2.14")])
    ]
    found = details(database)
    assert tuple(found.took) == ("seconds", "memory, MB", "worker")
    assert [found.jobs[job][:3] for job in made] == [[1.3, 7, "w1"], [2.0, 7, "w1"], [3.0, 7, "w1"]]
    versions = [found.surroundings[found.jobs[job][3]]["torch"] for job in made]
    assert versions == ["2.13", "2.13", "2.14"] and len(found.surroundings) == 2
    assert not {"wall_seconds", "worker", "peak_memory_mb"} & set(found.surroundings[0])


def test_what_a_job_did_not_record_is_left_open(database, details):
    timed, bare = (
        finish(database, job_of("vanilla", "rte", seed), 0.6, provenance=told)
        for seed, told in enumerate([{"torch": "2.13"}, {}])
    )
    found = details(database)
    assert found.jobs[timed] == [None, None, None, 0] and bare not in found.jobs


def test_each_cell_has_the_command_that_queues_its_seeds(database, details):
    store(
        database, {("vanilla", "rte"): [0.6, 0.7], ("bidrop", "rte"): [0.7, 0.8], ("vanilla", "sst2"): [0.9]}
    )
    found = details(database).commands
    told = set()
    for first, (command,) in found.items():
        words = shlex.split(command)
        told.add(tuple(words[words.index(flag) + 1] for flag in ("--methods", "--tasks", "--seeds")))
        row = database.jobs.find(first)
        assert (row.method, row.task) == told_of(words)
    assert told == {("vanilla", "rte", "0,1"), ("bidrop", "rte", "0,1"), ("vanilla", "sst2", "0,")}


def told_of(words: list[str]) -> tuple[str, str]:
    return words[words.index("--methods") + 1], words[words.index("--tasks") + 1]


def test_plots_are_those_that_the_runs_can_fill(database, details):
    store(database, {("vanilla", "rte"): [0.6, 0.7]})
    assert names(details(database)) == [["Runs"]]
    finish(database, job_of("vanilla", "rte", 2), 0.65, provenance={"seconds": {"training": 3.0}})
    assert names(details(database)) == [["Runs", "Cost"]]
    store(database, {("bidrop", "rte"): [0.7, 0.7]})
    assert names(details(database)) == [["Runs", "Cost"]]  # ranks need three tasks
    for task in ("sst2", "mrpc"):
        assert names(details(database)) == [["Runs", "Cost"]]
        store(database, {("vanilla", task): [0.9, 0.9], ("bidrop", task): [0.9, 0.9]})
    assert names(details(database)) == [["Runs", "Cost", "Ranks"]]
    finish(database, job_of("vanilla", "rte", 3), 0.65, losses=[0.7, 0.6])
    found = details(database)
    assert names(found) == [["Runs", "Cost", "Ranks", "Learning"]] and "vega" in found.script


def test_a_table_without_scores_has_no_plots(database, details):
    finish(database, job_of("vanilla", "rte", 0), None)
    found = details(database)
    assert (names(found), found.script, found.jobs, found.commands) == ([[]], "", {}, {})


def test_tables_by_ratio_have_one_plot_of_robustness(tmp_path, details):
    from ftbench.db import open_database
    from tests.example import three_methods

    with open_database(str(three_methods(tmp_path / "e.db")), write=False) as database:
        assert names(details(database, "robustness")) == [["Robustness"]] * 2


def test_without_the_plotting_packages_there_is_a_page_all_the_same(database, details, monkeypatch):
    def missing() -> None:
        raise FtbenchError("plots need packages")

    monkeypatch.setattr(theme, "load_plotting", missing)
    digest = finish(database, job_of("vanilla", "rte", 0), 0.6)
    found = details(database)
    assert (list(found.figures), found.script, list(found.commands)) == ([], "", [digest])
