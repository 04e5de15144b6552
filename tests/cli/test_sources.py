"""``ftbench queue --vary`` and ``ftbench power --sources``, in process."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ftbench.db import Entry, create_database
from ftbench.domain.job import Job
from tests.cli.conftest import Ftbench
from tests.cli.filled import done

TOGETHER = [0.70, 0.74, 0.66]
HEAD = {1: 0.72, 2: 0.71}


def job(seed: int, **streams: int) -> Job:
    return Job("bert-base", "main", "rte", "d", ("dev",), "vanilla", {}, seed, streams=streams)


@pytest.fixture
def varied(ftbench: Ftbench) -> Ftbench:
    """Three whole seeds, two more heads at seed 0; a run of two streams and one not done do not count."""
    with create_database("ftbench.db") as database:
        for seed, score in enumerate(TOGETHER):
            done(database, job(seed), "vanilla", score)
        for seed, score in HEAD.items():
            done(database, job(0, head=seed), "vanilla", score)
        done(database, job(0, head=3, order=3), "vanilla", 0.1)
        database.jobs.add([Entry(job(0, head=4), "vanilla")])
    return ftbench


def test_variance_is_split_over_its_sources(varied):
    (sheet,) = json.loads(varied("power", "vanilla", "--sources", "--json").out)["sheets"]
    whole, head = sheet["rows"]
    assert (whole["source"], whole["n"], whole["share"]) == ("all", 3, None)
    assert (head["source"], head["n"]) == ("head", 3)  # with the run of seed 0
    heads = [TOGETHER[0], *HEAD.values()]
    assert whole["std"] == pytest.approx(np.std(TOGETHER, ddof=1))
    assert head["std"] == pytest.approx(np.std(heads, ddof=1))
    assert head["share"] == pytest.approx(np.var(heads, ddof=1) / np.var(TOGETHER, ddof=1))
    assert head["low"] < head["std"] < head["high"]


def test_tables_leave_such_runs_out(varied):
    told = varied("report").out
    assert "70.00" in told and "Left out: 4 jobs" in " ".join(told.split())


def test_without_such_runs_the_command_that_makes_them_is_named(filled):
    ended = filled("power", "bidrop", "--sources", "--tasks", "rte")
    assert ended.code == 1 and ended.err.count("\n") == 1
    assert "ftbench queue --methods bidrop --tasks rte --seeds 10 --vary head,order,dropout" in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["power", "--sources"], "--sources needs methods"),
        (["power", "vanilla", "--sources", "--spread", "2"], "--sources needs methods"),
        (["power", "vanila", "--sources"], "did you mean 'vanilla'"),
        (
            ["queue", "--methods", "lora", "--tasks", "toy-accept", "--vary", "heads"],
            "did you mean 'head'",
        ),
        (["queue", "--methods", "vanilla", "--tasks", "toy-accept", "--vary", ","], "no streams"),
        (["queue", "--suite", "bidrop/table5", "--vary", "head"], "a suite varies all seeds together"),
    ],
)
def test_what_cannot_be_varied_is_refused(ftbench, words, told):
    ended = ftbench(*words)
    assert ended.code == 2 and told in ended.err and ended.err.count("\n") == 1


def test_one_stream_at_a_time_takes_the_seeds(ftbench):
    axes = ["--methods", "vanilla", "--tasks", "toy-accept", "--seeds", "5,6,7"]
    assert ftbench("queue", *axes, "--vary", "head,order").code == 0
    with create_database("ftbench.db") as database:
        specs = [row.spec for row in database.jobs.list()]
    assert [spec["seed"] for spec in specs] == [5] * 5
    streams = [spec.get("streams") for spec in specs]
    assert streams == [None, {"head": 6}, {"order": 6}, {"head": 7}, {"order": 7}]
    shown = ftbench("show", database_job(streams.index({"head": 7}))).out
    assert "--seeds 5,7 --vary head" in " ".join(shown.split())


def database_job(at: int) -> str:
    with create_database("ftbench.db") as database:
        return database.jobs.list()[at].digest
