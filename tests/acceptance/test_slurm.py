"""The real command line on a real SLURM of two nodes: what is launched there does every job once."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cluster import Cluster, missing
from tests.acceptance.conftest import DEADLINE, Place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"SLURM is not installed: no {', '.join(missing())}"),
]
SMALL = ["--tasks", "toy-accept", "--train-size", "32", "--no-baseline"]
ONE_STEP = ["--set", "steps=1"]
CPU = ["--gpus-per-worker", "0", "--threads", "1", "--lease", "5"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="ftb-") as folder:  # a socket's path must be short
        cluster = Cluster(Path(folder))
        yield cluster
        cluster.close()


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "with a space"
    folder.mkdir()
    place = Place(folder)
    place.env |= {"SLURM_CONF": cluster.env["SLURM_CONF"], "PATH": cluster.env["PATH"]}
    place.env["FTBENCH_CHECKPOINT_SECONDS"] = "1"
    yield place
    cluster.run("scancel", "--full", "-u", cluster.user)
    cluster.until(lambda: not cluster.run("squeue", "-h"))


def launches(place: Place, *flags: str) -> list[dict[str, Any]]:
    found = json.loads(place.ftbench("launch", "status", "--json", *flags))
    assert isinstance(found, list)
    return found


def allocations(place: Place) -> list[dict[str, Any]]:
    return [one for launch in launches(place) for one in launch["allocations"]]


def count(place: Place, state: str) -> int:
    return int(place.rows(f"select count(*) from jobs where state = '{state}'")[0][0])


def until(place: Place, cluster: Cluster, reached: Callable[[], bool], seconds: float = DEADLINE) -> None:
    """Wait, and look at the launch as a user would."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, place.ftbench("launch", "status") + cluster.told()
        time.sleep(0.5)


def test_every_job_is_done_once_though_one_worker_is_preempted_and_a_node_dies(
    cluster: Cluster, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    # SLURM takes a quarter of a minute to pre-empt: the jobs must not be over by then
    place.ftbench("queue", "--methods", "vanilla,bidrop", "--seeds", "80", *SMALL, "--set", "steps=40")
    began = time.monotonic()
    place.ftbench("launch", "slurm", "--workers", "4", "--idle", "3s", *CPU, "--", "--partition=main")
    until(place, cluster, lambda: count(place, "done") >= 1)
    cluster.run("sbatch", "--partition=urgent", "--wrap=sleep 3", "--output=/dev/null", "--nodelist=ftb0")
    preempted = "select count(*) from allocations where reason = 'stopped by SIGTERM' or restarts > 0"
    until(place, cluster, lambda: place.rows(preempted)[0][0] > 0)
    on_one = "select count(*) from jobs join allocations on owner = worker where node = 'ftb1'"
    until(place, cluster, lambda: place.rows(on_one)[0][0] > 0)
    cluster.kill_node("ftb1")
    try:
        until(place, cluster, lambda: count(place, "done") == 160)
        until(place, cluster, lambda: not any(one["state"] == "running" for one in allocations(place)))
    finally:
        seconds = time.monotonic() - began
        cluster.revive("ftb1")
    attempts = place.rows("select outcome, count(*) from attempts group by outcome order by outcome")
    once = "select count(distinct digest) from attempts where outcome = 'ok'"
    restarts = sum(one["restarts"] for one in allocations(place))
    with capsys.disabled():
        print(
            f"\n160 jobs in {seconds:.0f} s; attempts {dict(attempts)}; {restarts} restarts; {states(place)}"
        )
    assert dict(attempts)["ok"] == 160
    assert place.rows(once) == [(160,)]
    assert place.rows("select count(*) from scores")[0][0] == 160 * len(
        place.rows("select distinct evaluation, metric from scores")
    )
    assert restarts >= 2  # the one that was pre-empted, and those of the node
    assert {launch["state"] for launch in launches(place)} == {"open"}


def states(place: Place) -> dict[str, int]:
    return dict(place.rows("select state, count(*) from allocations group by state"))


def test_a_launch_whose_starts_die_is_paused_and_goes_on_when_that_is_mended(
    cluster: Cluster, place: Place, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if os.environ.get('SLURMD_NODENAME') == 'ftb1' and 'worker' in sys.orig_argv:\n"
        "    sys.exit('libcuda.so.1: cannot open shared object file')\n"
    )
    place.env["PYTHONPATH"] = str(broken)
    place.ftbench("queue", "--methods", "vanilla", "--seeds", "8", *SMALL, *ONE_STEP)
    place.ftbench("launch", "slurm", "--workers", "4", "--idle", "3s", *CPU, "--", "--nodelist=ftb1")
    until(place, cluster, lambda: sum(one["state"] == "failed" for one in allocations(place)) == 4, 60)
    (launch,) = launches(place)
    assert launch["state"] == "paused"
    assert "starts died within a minute, the last on ftb1" in launch["reason"]
    assert launch["reason"].endswith("libcuda.so.1: cannot open shared object file")
    told = place.ftbench("launch", "top-up", code=1)
    assert "is paused" in told and f"ftbench launch top-up {launch['id']} --resume" in told
    assert not cluster.run("squeue", "-h")
    (broken / "sitecustomize.py").unlink()
    place.ftbench("launch", "top-up", "--resume")
    until(place, cluster, lambda: count(place, "done") == 8)


def test_a_job_longer_than_the_limit_ends_over_three_allocations_with_the_same_bits(
    cluster: Cluster, place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = ["--tasks", "toy-accept", "--methods", "bidrop", "--no-baseline", "--seeds", "1"]
    long += ["--set", "epochs=10", "--train-size", "600"]
    alone = Place(tmp_path / "alone")
    alone.ftbench("queue", *long)
    began = time.monotonic()
    alone.ftbench("worker", "--drain", "--threads", "1")
    limit = max(10, round(0.4 * (time.monotonic() - began)))  # of which a part goes into each beginning
    place.ftbench("queue", *long)
    place.ftbench("launch", "slurm", "--time", f"{limit}s", "--idle", "3s", *CPU)
    until(place, cluster, lambda: count(place, "done") == 1, 900)
    until(place, cluster, lambda: all(one["state"] == "ended" for one in allocations(place)))
    (one,) = allocations(place)
    with capsys.disabled():
        print(f"\none job over {one['restarts'] + 1} allocations of {limit} s")
    assert one["restarts"] >= 2
    assert place.results() == alone.results()
    assert place.rows("select outcome from attempts") == [("ok",)]


def test_a_launch_is_stopped_and_gives_its_jobs_back(cluster: Cluster, place: Place) -> None:
    place.ftbench(
        "queue", "--tasks", "toy-accept", "--methods", "vanilla", "--seeds", "6", "--set", "epochs=200"
    )
    place.ftbench("launch", "slurm", "--workers", "6", *CPU)
    until(place, cluster, lambda: count(place, "running") == 4)
    (launch,) = launches(place)
    place.ftbench("launch", "stop", launch["id"])
    until(place, cluster, lambda: not cluster.run("squeue", "-h"), 60)
    assert place.rows("select distinct state, attempts from jobs") == [("queued", 0)]
    (launch,) = launches(place, "--all")
    assert launch["state"] == "stopped" and launches(place) == []
    assert {one["state"] for one in launch["allocations"]} == {"stopped"}
    assert not place.ftbench("launch", "top-up")


def test_topping_up_brings_back_the_workers_that_are_gone_while_there_are_jobs(
    cluster: Cluster, place: Place
) -> None:
    place.ftbench(
        "queue", "--tasks", "toy-accept", "--methods", "vanilla", "--seeds", "3", "--set", "epochs=200"
    )
    place.ftbench("launch", "slurm", "--workers", "2", *CPU)
    until(place, cluster, lambda: count(place, "running") == 2)
    cluster.run("scancel", allocations(place)[0]["engine_id"])
    until(place, cluster, lambda: count(place, "running") == 1)
    assert "1 worker more, beside 1" in place.ftbench("launch", "top-up")
    assert "0 workers more, beside 2" in place.ftbench("launch", "top-up")
    until(place, cluster, lambda: count(place, "running") == 2)
    assert [one["number"] for one in allocations(place)] == [0, 1, 2]
    place.ftbench("cancel", "--all")
    cluster.run("scancel", "-u", cluster.user)
    until(place, cluster, lambda: not cluster.run("squeue", "-h"), 60)
    assert "0 workers more" in place.ftbench("launch", "top-up")


def test_what_sbatch_refuses_is_said_in_a_line_and_leaves_nothing(cluster: Cluster, place: Place) -> None:
    place.ftbench("queue", "--methods", "vanilla", "--seeds", "1", *SMALL, *ONE_STEP)
    told = place.ftbench("launch", "slurm", *CPU, "--", "--partition=none", code=1)
    assert told.count("\n") == 1 and "sbatch: " in told and "partition" in told
    told = place.ftbench("launch", "slurm", *CPU, "--", "--no-such-option", code=1)
    assert told.count("\n") == 1 and "no-such-option" in told
    told = place.ftbench("launch", "slurm", *CPU, "--", "--cpus-per-task=64", code=1)
    assert told.count("\n") == 1 and "configuration is not available" in told
    assert launches(place, "--all") == [] and not list(place.folder.glob("*.work/launches/*"))
