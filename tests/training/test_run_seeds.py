"""The seeds of runs inside a job."""

from __future__ import annotations

import dataclasses

from ftbench.domain.job import STREAMS
from ftbench.run.seeding import stream_seed
from ftbench.training.run_seeds import member_seed, seeds_of_run
from tests.training.conftest import Bench


def test_a_run_has_the_seeds_of_its_job(bench: Bench) -> None:
    job = bench.job(seed=3, streams={"head": 7})
    expected = dict.fromkeys(STREAMS, 3) | {"head": 7}
    assert seeds_of_run(job, "main") == expected == seeds_of_run(job, "again", 3, 3)


def test_a_seed_of_its_own_is_that_of_all_streams_but_those_that_vary_alone(bench: Bench) -> None:
    job = bench.job(seed=3, streams={"head": 7, "split": 8})
    seeds = seeds_of_run(job, "second", member_seed(job, "second"))
    assert seeds["order"] == seeds["dropout"] == stream_seed("run", job.task, 3, "second")
    assert seeds["head"] == stream_seed("run", job.task, 7, "second")
    assert seeds["split"] == stream_seed("run", job.task, 8, "second")
    whole = dataclasses.replace(job, seed=7, streams={})
    assert seeds["head"] == seeds_of_run(whole, "second", member_seed(whole, "second"))["head"]


def test_the_split_alone_may_be_drawn_anew(bench: Bench) -> None:
    job = bench.job(seed=3, streams={"head": 7})
    assert seeds_of_run(job, "s", split_seed=5) == seeds_of_run(job, "s") | {"split": 5}
    varied = bench.job(seed=3, streams={"split": 8})
    assert seeds_of_run(varied, "s", split_seed=5)["split"] == stream_seed("run", job.task, 8, "s")


def test_streams_that_are_given_are_taken_as_they_are(bench: Bench) -> None:
    job = bench.job(seed=3, streams={"head": 7})
    assert seeds_of_run(job, "s", 5, streams={"head": 9})["head"] == 9
