"""From a database that a worker filled to text, in every format."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ftbench.db import Database, Entry, create_database
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.render import render
from ftbench.services.reporting.request import ReportRequest
from tests.services.requests import report_of

SCORES = {"vanilla": 0.70, "rdrop": 0.72, "bidrop": 0.75}
CLEAN = Job("bert-base", "main", "rte", "d", ("dev",), "vanilla", {}, 0)


def run_next(database: Database, score: float) -> str:
    """Do the job whose turn it is."""
    claim = database.jobs.claim("worker", 60.0)
    assert claim is not None
    reported = {"cola": "matthews", "mrpc": "f1"}.get(claim.job.task, "accuracy")
    scores = (Score("dev", reported, score), Score("dev", "accuracy_label1", score - 0.1))
    assert database.jobs.finish(claim, JobResult(scores=scores))
    return claim.digest


def grid() -> Iterator[Job]:
    """Two seeds of three methods on two tasks, clean and with both kinds of perturbation."""
    for change in (Perturbation(), Perturbation.of({"noise": 0.1}), Perturbation.of({"reduction": 0.6})):
        for method in SCORES:
            for task in ("cola", "rte"):
                for seed in (0, 1):
                    hparams = {"k": 2} if method == "bidrop" else {}
                    yield replace(
                        CLEAN, method=method, task=task, seed=seed, hparams=hparams, perturbation=change
                    )


@pytest.fixture
def address(tmp_path) -> str:
    """A database with everything done but the last jobs: one diverged, one running, one queued."""
    path = str(tmp_path / "ftbench.db")
    jobs = list(grid())
    with create_database(path) as database:
        database.jobs.add([Entry(job, job.method) for job in jobs])
        for job in jobs[:-3]:
            harm = job.perturbation.value("noise") + job.perturbation.value("reduction") / 2
            run_next(database, SCORES[job.method] + job.seed / 100 - harm)
        claim = database.jobs.claim("worker", 60.0)
        assert claim is not None
        database.jobs.fail(claim, Outcome.DIVERGED, "the loss is not finite")
        assert database.jobs.claim("worker", 60.0) is not None
    return path


def test_tables_are_read_from_a_database(address):
    document = json.loads(render(report_of(address, ReportRequest()), "json"))
    vanilla, bidrop, rdrop = document["sections"][0]["groups"][0]["rows"]
    assert (vanilla["label"], bidrop["label"], rdrop["label"]) == ("vanilla", "bidrop", "rdrop")
    assert bidrop["cells"]["average"]["mean"] == pytest.approx(0.755)
    assert bidrop["cells"]["difference"]["mean"] == pytest.approx(0.05)
    assert len(set(bidrop["cells"]["cola"]["jobs"])) == 2


def test_unfinished_and_diverged_jobs_of_a_database_are_marked(address):
    document = json.loads(render(report_of(address, ReportRequest(table="robustness")), "json"))
    noise, reduction = document["sections"]
    drops = [row["cells"]["difference"]["mean"] for row in noise["groups"][1]["rows"]]
    assert drops == [pytest.approx(0.1)] * 3
    rows = {row["label"]: row["cells"] for row in reduction["groups"][1]["rows"]}
    assert (rows["bidrop"]["cola"]["missing"], rows["bidrop"]["cola"]["diverged"]) == ({}, 1)
    assert rows["bidrop"]["cola"]["values"][-1] == 0.5 and rows["bidrop"]["failed"]["failed"] == 1
    assert rows["bidrop"]["rte"]["missing"] == {"running": 1, "queued": 1}
    assert rows["rdrop"]["difference"]["mean"] == pytest.approx(0.02)
    assert rows["bidrop"]["average"]["mean"] is None
    assert rows["bidrop"]["average_shared"]["tasks"] == ["cola"]


@pytest.mark.parametrize("table", ["main", "robustness", "curves"])
def test_formats_agree_on_every_number_and_count(address, table):
    report = report_of(address, ReportRequest(table=table))
    document = json.loads(render(report, "json"))
    tidy = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    cells = [
        (section["part"], group["ratio"], row["label"], key, cell)
        for section in document["sections"]
        for group in section["groups"]
        for row in group["rows"]
        for key, cell in row["cells"].items()
        if cell is not None
    ]
    assert len(tidy) == len(cells)
    for (part, ratio, label, key, cell), row in zip(cells, tidy, strict=True):
        found = (row["part"], float(row["ratio"]) if row["ratio"] else None, row["label"], row["column"])
        assert found == (part, ratio, label, key)
        if "text" in cell:
            assert row["text"] == (cell["text"] or "")
        if "mean" not in cell:
            continue
        for statistic in ("mean", "max", "std"):
            assert (float(row[statistic]) if row[statistic] else None) == cell[statistic]
        assert (int(row["n"]), int(row["planned"])) == (cell["n"], cell["planned"])
    shown = [[*means(text), *counts(text)] for text in (render(report, "markdown"), plain(report))]
    assert shown[0] == shown[1]
    expected = sorted(f"{100 * cell['mean']:.2f}" for *_, cell in cells if cell.get("mean") is not None)
    assert means(render(report, "markdown")) == sorted(text.replace("-0.00", "0.00") for text in expected)


def plain(report) -> str:
    """The table as for a terminal so wide that every row is a line of numbers and one of counts."""
    return render(report, "rich", width=400)


def means(text: str) -> list[str]:
    """The numbers of the tables that stand outside brackets."""
    table = "\n".join(line for line in text.splitlines() if re.match(r"\||[\w-]+ +[-+\d–]", line))
    bare = re.sub(r"\([^)]*\)|± [\d.]+|n=[\d/]+|</?u>|[*\\+¹²]|\d+ %", " ", table)
    return sorted(re.findall(r"-?\d+\.\d\d", bare))


def counts(text: str) -> list[str]:
    return sorted(re.findall(r"n=\d+(?:/\d+)?(?: […!]+)?", text))


def test_a_report_changes_nothing_and_needs_no_write_access(address, tmp_path):
    path = tmp_path / "ftbench.db"
    before = path.read_bytes()
    report_of(address, ReportRequest())
    assert path.read_bytes() == before
