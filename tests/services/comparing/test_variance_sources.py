"""The variation of scores by the stream that varies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ftbench.cli import _requests
from ftbench.db import Entry
from ftbench.errors import FtbenchError, UnknownName
from ftbench.services.comparing.variance_sources import SourcesRequest, measured_sources
from tests.services.comparing.runs import by
from tests.services.stored import finish, job_of

TOGETHER = [0.70, 0.74, 0.66, 0.71]
HEAD, ORDER = {1: 0.72, 2: 0.71}, {5: 0.69}


def request(*methods: str, tasks: str | None = None) -> SourcesRequest:
    return SourcesRequest.of(_requests.without_baseline(None, tasks, methods))


def lines(database, *methods: str, **more):
    (sheet,) = measured_sources(database, request(*methods, **more))
    return sheet


def test_each_stream_has_the_spread_of_its_runs_and_its_share_of_the_whole(database):
    for seed, score in enumerate(TOGETHER):
        finish(database, job_of("vanilla", "rte", seed), score)
    for seed, score in ORDER.items():
        finish(database, job_of("vanilla", "rte", 0, streams={"order": seed}), score)
    for seed, score in HEAD.items():
        finish(database, job_of("vanilla", "rte", 0, streams={"head": seed}), score)
    sheet = lines(database, "vanilla")
    assert [row["source"] for row in sheet.rows] == ["all", "head", "order"]
    values = {"all": TOGETHER, "head": [*HEAD.values(), TOGETHER[0]], "order": [*ORDER.values(), TOGETHER[0]]}
    for source, row in by(sheet, "source").items():
        n, std = len(values[source]), np.std(values[source], ddof=1)
        assert (row["task"], row["method"], row["n"], row["std"]) == ("RTE", "vanilla", n, pytest.approx(std))
        low, high = std * np.sqrt((n - 1) / stats.chi2.ppf([0.975, 0.025], n - 1))
        assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
        share = np.var(values[source], ddof=1) / np.var(TOGETHER, ddof=1)
        assert row.get("share") == (None if source == "all" else pytest.approx(share))


def test_runs_of_two_streams_those_not_done_and_other_methods_do_not_count(database):
    finish(database, job_of("vanilla", "rte", 0), 0.70)
    finish(database, job_of("vanilla", "rte", 1), 0.72)
    finish(database, job_of("vanilla", "rte", 0, streams={"head": 1}), 0.74)
    finish(database, job_of("vanilla", "rte", 0, streams={"head": 1, "order": 1}), 0.1)
    finish(database, job_of("bidrop", "rte", 0, streams={"head": 1}), 0.1)
    database.jobs.add([Entry(job_of("vanilla", "rte", 0, streams={"head": 9}), "vanilla")])
    rows = lines(database, "vanilla").rows
    assert [(row["source"], row["n"]) for row in rows] == [("all", 2), ("head", 2)]
    assert rows[1]["std"] == pytest.approx(np.std([0.70, 0.74], ddof=1))


def test_a_stream_varies_around_the_seed_of_the_others(database):
    """At seed 7 nothing was run with every stream at 7; at seed 0 it was."""
    finish(database, job_of("vanilla", "rte", 0), 0.70)
    for base, scores in ((0, [0.71]), (7, [0.60, 0.64])):
        for seed, score in enumerate(scores, start=1):
            finish(database, job_of("vanilla", "rte", base, streams={"head": seed}), score)
    rows = lines(database, "vanilla").rows
    assert [(row["source"], row["n"]) for row in rows] == [("all", 1), ("head", 2), ("head", 2)]
    assert sorted(row["std"] for row in rows[1:]) == pytest.approx(
        sorted(np.std(values, ddof=1) for values in ([0.70, 0.71], [0.60, 0.64]))
    )
    assert "std" not in rows[0] and all("share" not in row for row in rows)  # one run has no variance


def test_cells_are_kept_apart(database):
    for task, score in (("rte", 0.6), ("sst2", 0.9)):
        for streams in ({}, {"head": 1}):
            finish(database, job_of("vanilla", task, 0, streams=streams), score + len(streams) / 100)
    found = {(row["task"], row["source"]): row["n"] for row in lines(database, "vanilla").rows}
    assert found == {
        (task, source): n for task in ("RTE", "SST-2") for source, n in (("all", 1), ("head", 2))
    }
    assert {row["task"] for row in lines(database, "vanilla", tasks="sst2").rows} == {"SST-2"}


def test_without_such_runs_the_command_that_makes_them_is_named(database):
    finish(database, job_of("bidrop", "rte", 0), 0.6)
    with pytest.raises(
        FtbenchError, match="ftbench queue --methods bidrop --tasks rte --seeds 10 --vary head"
    ):
        measured_sources(database, request("bidrop"))


def test_an_unknown_task_is_refused_with_the_nearest(database):
    with pytest.raises(UnknownName, match="did you mean 'rte'"):
        measured_sources(database, request("bidrop", tasks="ret"))
