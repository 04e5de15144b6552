"""``--where`` on the command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Ftbench

GRID = ("queue", "--methods", "bidrop[k=2|3]", "--tasks", "cola", "--models", "../model", "--seeds", "2")


@pytest.fixture
def queued(ftbench: Ftbench) -> Ftbench:
    assert ftbench(*GRID, "--noise", "0,0.1").code == 0  # bidrop twice and vanilla: 12 jobs
    return ftbench


def test_jobs_are_listed_and_cancelled_by_an_expression(queued: Ftbench) -> None:
    listed = queued("status", "--state", "queued", "--where", "method=bi-drop and noise>0", "--json").json
    assert {(row["noise"], row["seed"]) for row in listed} == {(0.1, 0), (0.1, 1)} and len(listed) == 4
    assert queued("cancel", "--where", "k=3 and not noise=0", "--yes").out == "2 jobs cancelled\n"
    assert queued("status", "--where", "state=cancelled", "--json").json["counts"]["cancelled"] == 2
    assert queued("retry", "--where", "seed in (1)", "--yes").out == "1 job queued again\n"
    assert "11 queued jobs" in queued("export", "--jobs", "jobs.jsonl", "--where", "seed<2").out


def test_a_wrong_expression_is_one_line_that_names_the_place(queued: Ftbench) -> None:
    for command in (
        ["cancel", "--yes"],
        ["status"],
        ["retry"],
        ["report"],
        ["export", "--jobs", "jobs.jsonl"],
    ):
        ended = queued(*command, "--where", "method=bidrop and nois>0")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == (
            "ftbench: error: --where 'method=bidrop and nois>0': at 'nois' (character 19): "
            "there is no such field; did you mean 'noise'?\n"
        )
    assert queued("status", "--json").json["counts"]["queued"] == 12


def test_a_report_has_the_runs_of_an_expression_alone(filled: Ftbench) -> None:
    whole = filled("report", "--json").json
    part = filled("report", "--where", "seed=0", "--json").json
    assert whole != part
    assert filled("report", "--suite", "bidrop/table5", "--where", "seed=0").code == 2
