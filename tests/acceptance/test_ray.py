"""The real command line on a real cluster of Ray's: what is launched there does every job once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cluster import processes
from tests.acceptance.conftest import DEADLINE, Place
from tests.acceptance.ray_cluster import RayCluster, missing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(missing(), reason="Ray is not installed: pip install 'ftbench[ray]'"),
]
SMALL = ["--tasks", "toy-accept", "--train-size", "32", "--set", "steps=1", "--no-baseline"]
WORKERS = ["--gpus-per-worker", "0", "--threads", "1", "--lease", "5", "--idle", "3s"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with tempfile.TemporaryDirectory(prefix="ftb-", ignore_cleanup_errors=True) as folder:  # sockets: short
        cluster = RayCluster(Path(folder))
        yield cluster
        cluster.close()


@pytest.fixture
def place(cluster: RayCluster, tmp_path: Path) -> Place:
    folder = tmp_path / "with a space"
    folder.mkdir()
    place = Place(folder)
    place.env |= {name: value for name, value in cluster.env.items() if name.startswith("RAY_")}
    place.env["RAY_ADDRESS"] = cluster.address
    return place


def allocations(place: Place) -> list[dict[str, Any]]:
    found = json.loads(place.ftbench("launch", "status", "--all", "--json"))
    return [one for launch in found for one in launch["allocations"]]


def count(place: Place, query: str) -> int:
    return int(place.rows(f"select count(*) from {query}")[0][0])


def until(place: Place, reached: Callable[[], bool], seconds: float = DEADLINE) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, place.ftbench("launch", "status", "--all")
        time.sleep(0.5)


def over(place: Place) -> bool:
    return not any(one["state"] in ("running", "pending") for one in allocations(place))


def test_a_launch_is_stopped_and_its_jobs_are_given_back(cluster: RayCluster, place: Place) -> None:
    place.ftbench(
        "queue", "--tasks", "toy-accept", "--methods", "vanilla", "--seeds", "4", "--set", "epochs=300"
    )
    said = place.ftbench("launch", "ray", "--workers", "3", *WORKERS[:-2])
    launch = said.partition("launch ")[2][:8]
    until(place, lambda: count(place, "jobs where state = 'running'") == 2)
    assert sorted(one["state"] for one in allocations(place)) == ["pending", "running", "running"]
    place.ftbench("launch", "stop", launch)
    until(place, lambda: over(place), 120)
    assert place.rows("select distinct state, attempts from jobs") == [("queued", 0)]
    reasons = {one["reason"] for one in allocations(place)}
    # the third may have been given the place of the first that ended, and be stopped while Python loads
    assert "stopped by SIGTERM" in reasons
    assert reasons <= {"stopped by SIGTERM", "stopped before it ran", "died by SIGTERM"}
    assert not processes(f"FTBENCH_TEST_RAY={cluster.folder}", f"FTBENCH_WORKER={launch}-0")


def test_a_node_that_is_left_alone_gets_no_worker(cluster: RayCluster, place: Place) -> None:
    place.ftbench("queue", "--methods", "vanilla", "--seeds", "1", *SMALL)
    place.ftbench("launch", "ray", "--workers", "1", *WORKERS)
    until(place, lambda: count(place, "jobs where state = 'done'") == 1 and over(place))
    (first,) = allocations(place)
    with contextlib.closing(sqlite3.connect(place.folder / "ftbench.db")) as connection, connection:
        connection.execute("update launches set barred = ?", [json.dumps([first["node"]])])
    place.ftbench("queue", "--methods", "bidrop", "--seeds", "1", *SMALL)
    assert "1 worker more" in place.ftbench("launch", "top-up")
    until(place, lambda: count(place, "jobs where state = 'done'") == 2 and over(place))
    assert allocations(place)[1]["node"] in set(cluster.nodes) - {first["node"]}


def test_every_job_is_done_once_though_a_node_dies(
    cluster: RayCluster, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.ftbench("queue", "--methods", "vanilla,bidrop", "--seeds", "80", *SMALL)
    began = time.monotonic()
    place.ftbench("launch", "ray", "--workers", "2", *WORKERS)
    until(place, lambda: count(place, "jobs where state = 'done'") >= 10)
    node = cluster.nodes[-1]
    on_it = f"jobs join allocations on owner = worker where node = '{node}' and jobs.state = 'running'"
    until(place, lambda: count(place, on_it) > 0)
    killed = cluster.kill_node(node)
    until(place, lambda: count(place, "jobs where state = 'done'") == 160)
    until(place, lambda: over(place))
    seconds = time.monotonic() - began
    attempts = dict(place.rows("select outcome, count(*) from attempts group by outcome"))
    found = allocations(place)
    restarts = sum(one["restarts"] for one in found)
    with capsys.disabled():
        print(
            f"\n160 jobs in {seconds:.0f} s, {killed} processes of a node killed; attempts {attempts}; "
            f"{restarts} restarts; {[(one['state'], one['reason'], one['node']) for one in found]}"
        )
    assert (
        attempts["ok"] == 160 == count(place, "(select distinct digest from attempts where outcome = 'ok')")
    )
    assert set(attempts) <= {"ok", "lost"} and attempts.get("lost", 0) >= 1
    assert {one["state"] for one in found} == {"ended"}
    assert count(place, "(select distinct digest from scores)") == 160
