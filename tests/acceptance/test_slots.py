"""A worker with two slots: the same scores as with one, and nothing lost when it is killed."""

from __future__ import annotations

import random
import subprocess

import pytest

from ftbench.services.worker import machine
from tests.acceptance.conftest import GRID, Place, children_of, kill, until

JOBS = ["--methods", "vanilla", "--seeds", "3", *GRID]
WORKER = ["worker", "--drain", "--threads", "1", "--lease", "2"]


def counts(place: Place) -> dict[str, int]:
    return dict(place.rows("select state, count(*) from jobs group by state"))


def checkpoints_seen(place: Place, worker: subprocess.Popen[str], wanted: int) -> None:
    """Wait until the jobs wrote so many checkpoints together, or the worker has ended."""
    seen = set()

    def enough() -> bool:
        for path in place.checkpoints():
            try:
                seen.add((path, path.stat().st_mtime_ns))
            except FileNotFoundError:
                continue
        return len(seen) >= wanted or worker.poll() is not None

    until(enough, f"{wanted} checkpoints")


@pytest.mark.slow
def test_two_slots_killed_at_random_moments_give_the_scores_of_one(place: Place, undisturbed: Place) -> None:
    moments = random.Random("slots")
    place.keep_every_step()
    place.ftbench("queue", *JOBS)

    worker = place.start(*WORKER, "--slots", "2")
    until(lambda: counts(place).get("running") == 2 or worker.poll() is not None, "two jobs at once")
    checkpoints_seen(place, worker, moments.randint(2, 8))
    children = children_of(worker.pid)
    assert len(children) == 2
    kill(moments.choice(children))
    until(lambda: place.rows("select 1 from attempts where outcome = 'lost'") != [], "the loss is told")
    kill(worker.pid)
    worker.communicate()

    place.ftbench(*WORKER, "--slots", "2")
    assert counts(place) == {"done": 3}
    assert place.results() == undisturbed.results(place.digests())
    ended = place.rows("select digest, count(*) from attempts where outcome = 'ok' group by digest")
    assert [number for _, number in ended] == [1] * 3
    assert set(place.rows("select distinct outcome from attempts")) == {("ok",), ("lost",)}
    assert not place.checkpoints()
    facts = "select json_extract(facts, '$.exclusive'), json_extract(facts, '$.slots') from provenance"
    assert set(undisturbed.rows(facts)) == {(1, 1)}
    assert set(place.rows(facts)) <= {(0, 2), (1, 1), (0, 1)}


@pytest.mark.skipif(machine.cores() < 2, reason="one core is not shared")
def test_where_nothing_is_said_a_cpu_trains_a_job_a_core(place: Place) -> None:
    place.env |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": ""}
    small = ["--tasks", "toy-accept", "--train-size", "64", "--set", "steps=4"]
    place.ftbench("queue", "--methods", "vanilla", "--seeds", str(machine.cores()), *small)
    said = place.ftbench("worker", "--drain")
    assert f"{machine.cores()} jobs at once, 1 thread each; with --slots 1 one has" in said
    assert counts(place) == {"done": machine.cores()}
    assert place.rows("select value from settings where name = 'threads'") == [("1",)]
    slots = "select max(json_extract(facts, '$.slots')) from provenance"
    assert place.rows(slots) == [(machine.cores(),)]
