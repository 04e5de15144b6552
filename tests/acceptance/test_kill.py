"""Jobs survive what happens to the processes that train them."""

from __future__ import annotations

import random
import signal
import subprocess

import pytest

from tests.acceptance.conftest import DEADLINE, GRID, Place, children_of, kill, until


def checkpoints_seen(place: Place, worker: subprocess.Popen[str], wanted: int) -> None:
    """Wait until the running job wrote so many checkpoints, or is done."""
    seen = set()

    def enough() -> bool:
        for path in place.checkpoints():
            try:
                seen.add(path.stat().st_mtime_ns)
            except FileNotFoundError:
                continue
        return len(seen) >= wanted or worker.poll() is not None

    until(enough, f"{wanted} checkpoints")


def test_job_killed_twice_ends_with_the_same_bits_and_one_result(place, undisturbed_bidrop):
    moments = random.Random("kill")  # that any method goes on with the same bits is its conformance's to show
    place.keep_every_step()
    place.ftbench("queue", "--methods", "bidrop", "--no-baseline", "--seeds", "1", *GRID)

    worker = place.start("worker", "--drain", "--threads", "1", "--lease", "2")
    checkpoints_seen(place, worker, moments.randint(1, 5))
    (child,) = children_of(worker.pid)
    kill(child)
    checkpoints_seen(place, worker, moments.randint(2, 6))
    kill(worker.pid)
    worker.communicate()
    assert place.rows("select state from jobs") == [("running",)]

    place.ftbench("worker", "--drain", "--threads", "1", "--lease", "2")
    assert place.results() == undisturbed_bidrop.results(place.digests())
    assert place.rows("select outcome from attempts order by number") == [("lost",), ("lost",), ("ok",)]
    assert place.rows("select state, attempts from jobs") == [("done", 3)]
    (resumed,) = place.rows(
        "select json_extract(facts, '$.runs.main.resumed_at') from provenance where number = 3"
    )
    assert resumed[0] > 0, "the last worker began anew"
    assert not place.checkpoints(), "a finished job keeps no checkpoint"


@pytest.mark.slow
def test_ctrl_c_puts_the_job_back_and_the_next_worker_goes_on(place, undisturbed):
    place.keep_every_step()
    place.ftbench("queue", "--methods", "bidrop", "--seeds", "1", *GRID)
    worker = place.start("worker", "--drain", "--threads", "1")
    checkpoints_seen(place, worker, 2)
    worker.send_signal(signal.SIGINT)
    _, err = worker.communicate(timeout=DEADLINE)
    assert worker.returncode == 130
    assert "Traceback" not in err
    left = place.rows("select state, attempts from jobs")
    assert ("queued", 0) in left and set(left) <= {("queued", 0), ("done", 1)}
    place.ftbench("worker", "--drain", "--threads", "1")
    assert place.results() == undisturbed.results(place.digests())


@pytest.mark.slow
def test_dead_child_costs_one_attempt_and_the_other_jobs_run(place):
    place.keep_every_step()
    place.ftbench("queue", "--methods", "vanilla", "--seeds", "3", *GRID)
    worker = place.start("worker", "--drain", "--threads", "1")
    checkpoints_seen(place, worker, 1)
    (child,) = children_of(worker.pid)
    kill(child)
    worker.communicate(timeout=DEADLINE)
    assert place.rows("select state, count(*) from jobs group by state") == [("done", 3)]
    assert sorted(place.rows("select outcome, count(*) from attempts group by outcome")) == [
        ("lost", 1),
        ("ok", 3),
    ]
